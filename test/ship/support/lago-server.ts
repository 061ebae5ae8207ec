/**
 * A real HTTP server that stores events as Lago does (unique by subscription and id, the whole batch or nothing),
 * and misbehaves as a test wants.
 */
import { createServer } from 'node:http';
import type {
  IncomingHttpHeaders,
  IncomingMessage,
  RequestListener,
  Server,
  ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server as TlsServer, ServerOptions } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';

export interface LagoEvent {
  readonly transaction_id: string;
  readonly external_subscription_id: string;
}

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly events: readonly LagoEvent[];
}

interface Answered {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What to do with a request: answer like this, or … */
export type Behaviour =
  | Answered
  /** … store or refuse it as Lago would, */
  | 'lago'
  /** … cut the connection before storing, */
  | 'reset'
  /** … after storing, without an answer, */
  | 'lose'
  /** … in the middle of the answer, after storing, */
  | 'break'
  /** … or never answer. */
  | 'hang';

export type Behave = (request: Received, index: number) => Behaviour | Promise<Behaviour>;

export class LagoServer {
  readonly requests: Received[] = [];
  readonly stored = new Map<string, string>();
  /** Requests in flight, and the most there ever were. */
  inFlight = 0;
  mostInFlight = 0;
  /** Connections that were opened, and closed, so far. */
  connections = 0;
  closedConnections = 0;
  behave: Behave = () => 'lago';
  /** Stays known after `close`. */
  port = 0;
  readonly #server: Server;
  readonly #scheme: string;
  #watchers: (() => void)[] = [];

  private constructor(tls: ServerOptions | undefined) {
    const listener: RequestListener = (request, response) => {
      this.#handle(request, response).catch(() => response.destroy());
    };
    this.#scheme = tls === undefined ? 'http' : 'https';
    this.#server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    this.#server.on('connection', (socket: Socket) => {
      this.connections++;
      socket.once('close', () => {
        this.closedConnections++;
        this.#tell();
      });
    });
  }

  static async listen(tls?: ServerOptions, port = 0): Promise<LagoServer> {
    const server = new LagoServer(tls);
    server.#server.listen(port, '127.0.0.1');
    await once(server.#server, 'listening');
    server.port = (server.#server.address() as AddressInfo).port;
    return server;
  }

  get address(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  /** Ids that are stored, sorted. */
  get ids(): string[] {
    return [...this.stored.keys()].toSorted();
  }

  /** Resolves when so many requests have come in. */
  async received(count: number): Promise<void> {
    while (this.requests.length < count) await this.#change();
  }

  /** Resolves when so many connections were closed. */
  async closed(count: number): Promise<void> {
    while (this.closedConnections < count) await this.#change();
  }

  /** From now on another certificate is shown, and the connections that there are are closed. */
  secure(tls: ServerOptions): void {
    (this.#server as TlsServer).setSecureContext(tls);
    this.#server.closeAllConnections();
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const piece of request.setEncoding('utf8')) body += piece as string;
    const events = eventsOf(body);
    const received = { method: request.method!, url: request.url!, headers: request.headers, body, events };
    this.requests.push(received);
    this.inFlight++;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    this.#tell();
    const behaviour = await this.behave(received, this.requests.length - 1);
    this.inFlight--;
    this.#act(behaviour, received, response);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#watchers.push(resolve));
  }

  #tell(): void {
    for (const watcher of this.#watchers.splice(0)) watcher();
  }

  #act(behaviour: Behaviour, received: Received, response: ServerResponse): void {
    if (behaviour === 'hang') return;
    if (behaviour === 'reset') {
      response.socket!.resetAndDestroy();
      return;
    }
    const answer = typeof behaviour === 'object' ? behaviour : this.store(received.events);
    if (behaviour === 'lose') {
      response.socket!.resetAndDestroy();
      return;
    }
    const body = answer.body ?? '';
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    if (behaviour === 'break') {
      response.write(body.slice(0, 10), () => response.socket!.resetAndDestroy());
    } else {
      response.end(body);
    }
  }

  /** All or nothing, with the quirk: equal ids in one batch are rejected whatever their subscription. */
  store(events: readonly LagoEvent[]): Answered {
    if (events.length === 0) return { status: 400, body: '{"status":400,"error":"Bad Request"}' };
    const details: Record<string, unknown> = {};
    const seen = new Set<string>();
    for (const [index, { transaction_id: id, ...event }] of events.entries()) {
      if (seen.has(id) || this.stored.has(`${event.external_subscription_id}/${id}`)) {
        details[index] = { transaction_id: ['value_already_exist'] };
      }
      seen.add(id);
    }
    if (Object.keys(details).length > 0) return unprocessable(details);
    for (const event of events) {
      this.stored.set(`${event.external_subscription_id}/${event.transaction_id}`, JSON.stringify(event));
    }
    return { status: 200, body: JSON.stringify({ events }) };
  }
}

export function unprocessable(details: unknown): { status: number; body: string } {
  const error = { status: 422, error: 'Unprocessable Entity', code: 'validation_errors' };
  return { status: 422, body: JSON.stringify({ ...error, error_details: details }) };
}

/** None when the body is no JSON. */
function eventsOf(body: string): LagoEvent[] {
  try {
    return (JSON.parse(body) as { events: LagoEvent[] }).events;
  } catch {
    return [];
  }
}
