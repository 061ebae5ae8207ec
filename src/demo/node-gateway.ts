/**
 * The stand-in where NGINX is not installed: a Node server that writes the same log lines, one at a time. Like NGINX
 * it goes on writing to a renamed file until it is told to open its log again.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { DemoError } from '../errors.ts';
import { formatLogLine } from './access-log.ts';
import type { Gateway, GatewayOptions } from './gateway.ts';

export async function startNodeGateway({ directory }: GatewayOptions): Promise<Gateway> {
  const logFile = join(directory, 'access.log');
  let log = openSync(logFile, 'a');
  /** Requests that are not logged yet. */
  const open = new Set<Promise<void>>();
  const server = createServer((request, response) => {
    const startMs = Date.now();
    const { status, body } = answerTo(request);
    // When the answer is out, as NGINX does; also when the client went away first.
    const logAnswer = async (): Promise<void> => {
      await once(response, 'close');
      writeSync(log, logLine(request, status, body.length, startMs, Date.now()));
    };
    request.resume();
    response.writeHead(status, { 'content-type': 'text/plain', 'content-length': body.length }).end(body);
    const logged = logAnswer().finally(() => open.delete(logged));
    open.add(logged);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new DemoError('no free port');

  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await Promise.all([closed, ...open]);
    closeSync(log);
  };
  return {
    kind: 'node',
    name: 'Node',
    url: `http://127.0.0.1:${address.port}`,
    logFile,
    reopen() {
      closeSync(log);
      log = openSync(logFile, 'a');
    },
    stop: () => (stopped ??= stop()),
  };
}

function answerTo({ url = '/' }: IncomingMessage): { status: number; body: string } {
  const path = pathOf(url);
  if (path === '/get') return { status: 200, body: 'got\n' };
  if (path.startsWith('/anything')) return { status: 200, body: 'anything\n' };
  return { status: 404, body: 'not found\n' };
}

/** The path without the query, decoded where it can be. */
function pathOf(url: string): string {
  const path = url.split('?', 1)[0] ?? '/';
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function logLine(
  request: IncomingMessage,
  status: number,
  bytes: number,
  startMs: number,
  endMs: number,
): string {
  const url = request.url ?? '/';
  const query = url.indexOf('?');
  const header = (name: string): string => String(request.headers[name] ?? '');
  const requestLine = `${request.method} ${url} HTTP/1.1\r\n`;
  const headerBytes = request.rawHeaders.reduce(
    (sum, text) => sum + Buffer.byteLength(text, 'latin1') + 2,
    2,
  );
  return formatLogLine({
    time_iso8601: new Date(endMs).toISOString().replace(/\.\d+Z$/, '+00:00'),
    msec: (endMs / 1000).toFixed(3),
    request_id: randomBytes(16).toString('hex'),
    remote_addr: request.socket.remoteAddress ?? '',
    request_method: request.method ?? '',
    host: header('host').replace(/:\d+$/, '').toLowerCase(),
    uri: pathOf(url),
    args: query === -1 ? '' : url.slice(query + 1),
    status: String(status),
    body_bytes_sent: String(bytes),
    request_length: String(requestLine.length + headerBytes + (Number(header('content-length')) || 0)),
    request_time: ((endMs - startMs) / 1000).toFixed(3),
    upstream_response_time: '',
    http_user_agent: header('user-agent'),
    http_referer: header('referer'),
    http_x_request_id: header('x-request-id'),
    http_x_consumer_username: header('x-consumer-username'),
  });
}
