import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const PIPELINED = 50;
/** Requests of `loadDuring` between two looks. */
const BURST = 400;
const STATUS_LINE = 'HTTP/1.1 ';

/**
 * Sends `count` GET requests to a server over a few connections, pipelined, and waits for their answers.
 * @param consumer Sent as X-Consumer-Username.
 */
export async function sendRequests(
  url: string,
  count: number,
  { path = '/get', consumer = 'jack_test', connections = 4 } = {},
): Promise<void> {
  const { hostname, port } = new URL(url);
  const request = `GET ${path} HTTP/1.1\r\nHost: gateway\r\nX-Consumer-Username: ${consumer}\r\n\r\n`;
  const share = Math.ceil(count / connections);
  await Promise.all(
    Array.from({ length: connections }, (_, i) =>
      sendOver(hostname, Number(port), request, Math.min(share, count - i * share)),
    ),
  );
}

/**
 * Sends requests without a pause while `work` is under way.
 * @param perSecond At most so many; default: as fast as it goes.
 * @returns How many were sent and answered.
 */
export async function loadDuring(
  url: string,
  work: () => Promise<unknown>,
  { perSecond = Infinity } = {},
): Promise<number> {
  let sent = 0;
  const over = new AbortController();
  const began = performance.now();
  const traffic = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await sendRequests(url, BURST);
      sent += BURST;
      await delay(Math.max(0, began + (sent / perSecond) * 1000 - performance.now()));
    }
  };
  const done = traffic();
  try {
    // Traffic that fails ends the work, too.
    await Promise.race([work(), done]);
  } finally {
    over.abort();
    await done;
  }
  return sent;
}

/** NGINX closes a connection after `keepalive_requests`, 1,000 unless configured: we do it before. */
const PER_CONNECTION = 900;

async function sendOver(host: string, port: number, request: string, count: number): Promise<void> {
  for (let left = count; left > 0; left -= PER_CONNECTION) {
    const socket = connect({ host, port });
    await once(socket, 'connect');
    socket.setEncoding('latin1');
    try {
      for (let open = Math.min(left, PER_CONNECTION); open > 0; open -= PIPELINED) {
        const burst = Math.min(open, PIPELINED);
        socket.write(request.repeat(burst));
        await answers(socket, burst);
      }
    } finally {
      socket.destroy();
    }
  }
}

/** Resolves when so many answers have begun to arrive; bodies are too small to hold a status line. */
function answers(socket: Socket, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = count;
    let cut = '';
    const take = (data: string): void => {
      const parts = (cut + data).split(STATUS_LINE);
      left -= parts.length - 1;
      cut = (parts.at(-1) ?? '').slice(1 - STATUS_LINE.length);
      if (left > 0) return;
      socket.off('data', take).off('close', closed);
      resolve();
    };
    const closed = (): void =>
      reject(new Error(`the gateway closed the connection, ${left} answers missing`));
    socket.on('data', take).once('close', closed);
  });
}
