/** An HTTP proxy on loopback: tunnels for https, forwards absolute URLs for http. */
import { once } from 'node:events';
import { createServer, request as forward } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface Proxy {
  readonly url: string;
  /** `CONNECT host:port` or `POST http://…`, with the credentials. */
  readonly requests: { readonly line: string; readonly authorization: string | undefined }[];
  /** That were opened to it so far. */
  readonly connections: number;
  close(): Promise<void>;
}

/** @param lets whether the credentials are good enough; 407 otherwise */
export async function startProxy(lets: () => boolean = () => true): Promise<Proxy> {
  const requests: { line: string; authorization: string | undefined }[] = [];
  let connections = 0;
  const tunnels = new Set<Socket>();
  const note = ({ method, url, headers }: IncomingMessage): void =>
    void requests.push({ line: `${method} ${url}`, authorization: headers['proxy-authorization'] });

  const server = createServer((request, response) => {
    note(request);
    if (!lets()) {
      response.writeHead(407, { 'content-type': 'text/html' }).end('<html>who are you?');
      return;
    }
    const { method, headers } = request;
    const onward = forward(request.url!, { method: method!, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    note(request);
    if (!lets()) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const { hostname, port } = new URL(`http://${request.url}`);
    const upstream = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      client.pipe(upstream).pipe(client);
    });
    for (const socket of [client, upstream]) {
      tunnels.add(socket);
      socket.on('error', () => socket.destroy());
    }
  });
  server.on('connection', () => connections++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://proxy-user:proxy-secret@127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get connections() {
      return connections;
    },
    async close() {
      for (const socket of tunnels) socket.destroy();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
