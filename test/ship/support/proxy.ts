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

export async function startProxy(): Promise<Proxy> {
  const requests: { line: string; authorization: string | undefined }[] = [];
  let connections = 0;
  const tunnels = new Set<Socket>();
  const note = ({ method, url, headers }: IncomingMessage): void =>
    void requests.push({ line: `${method} ${url}`, authorization: headers['proxy-authorization'] });

  const server = createServer((request, response) => {
    note(request);
    const { method, headers } = request;
    const onward = forward(request.url!, { method: method!, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    note(request);
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
