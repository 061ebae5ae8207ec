/** A server that writes what a test wants, byte by byte: answers that no HTTP library would send. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** @param body of the request */
export type Write = (socket: Socket, body: string, index: number) => void;

export class RawServer {
  requests = 0;
  connections = 0;
  /** Resolves whenever one of them ends. */
  closed = 0;
  write: Write = () => {};
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.closed++;
        this.#sockets.delete(socket);
      });
      let held = '';
      socket.setEncoding('latin1').on('data', (piece) => {
        held += String(piece);
        for (;;) {
          const at = held.indexOf('\r\n\r\n') + 4;
          if (at < 4) return;
          const end = at + Number(/content-length: (\d+)/i.exec(held)?.[1] ?? 0);
          if (held.length < end) return;
          const body = Buffer.from(held.slice(at, end), 'latin1').toString();
          held = held.slice(end);
          this.write(socket, body, this.requests++);
        }
      });
    });
  }

  static async listen(): Promise<RawServer> {
    const server = new RawServer();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** An answer as it travels. */
export function answer(
  status: number,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): Buffer {
  const bytes = Buffer.from(body as string);
  const all = { 'content-type': 'application/json', 'content-length': String(bytes.length), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} X\r\n${lines.join('')}\r\n`), bytes]);
}

/** Calls `write` until the connection is closed or it returns false, no faster than the other side reads. */
export function flood(socket: Socket, write: () => string | Buffer): void {
  const more = (): void => {
    while (socket.writable && socket.write(write()));
  };
  socket.on('drain', more);
  more();
}
