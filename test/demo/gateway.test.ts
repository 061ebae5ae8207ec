import { mkdir, readFile, rename } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { LOG_FIELDS } from '../../src/demo/access-log.ts';
import { startGateway } from '../../src/demo/gateway.ts';
import type { Gateway, GatewayOptions } from '../../src/demo/gateway.ts';
import { logLines, temporaryFolder } from './support.ts';

const KINDS = ['nginx', 'node'] as const;

describe.for(KINDS)('the %s gateway', (prefer) => {
  test('logs each request as one JSON object with the fields of the nginx preset', async () => {
    const before = Date.now();
    const gateway = await start({ prefer });
    expect(gateway.kind).toBe(prefer);
    await get(`${gateway.url}/get?q=1&r=%20`, {
      'user-agent': 'a "quoted" \\ agent',
      referer: 'http://example.com/',
      'x-request-id': 'r-1',
      'x-consumer-username': 'jack_test',
    });
    await gateway.stop();
    const [line] = await logLines(gateway.logFile, 1);
    expect(Object.keys(line ?? {})).toEqual(LOG_FIELDS.map(([name]) => name));
    expect(line).toMatchObject({
      time_iso8601: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/),
      request_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      remote_addr: '127.0.0.1',
      request_method: 'GET',
      host: '127.0.0.1',
      uri: '/get',
      args: 'q=1&r=%20',
      status: 200,
      body_bytes_sent: 4,
      upstream_response_time: '',
      http_user_agent: 'a "quoted" \\ agent',
      http_referer: 'http://example.com/',
      http_x_request_id: 'r-1',
      http_x_consumer_username: 'jack_test',
    });
    const ms = Number(line?.['msec']) * 1000;
    expect(ms).toBeGreaterThanOrEqual(before - 1000);
    expect(ms).toBeLessThanOrEqual(Date.now());
    expect(Number(line?.['request_time'])).toBeGreaterThanOrEqual(0);
  });

  test('counts the bytes of a request as NGINX does', async () => {
    const gateway = await start({ prefer });
    await get(`${gateway.url}/anything/else`, { 'x-consumer-username': 'jack' });
    const [line] = await logLines(gateway.logFile, 1);
    const { port } = new URL(gateway.url);
    const head = `GET /anything/else HTTP/1.1\r\nx-consumer-username: jack\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`;
    expect(line?.['request_length']).toBe(head.length);
  });

  test('answers 404 where it has no location', async () => {
    const gateway = await start({ prefer });
    expect(await get(`${gateway.url}/`)).toBe(404);
    expect(await get(`${gateway.url}/getter`)).toBe(404);
    expect(await get(`${gateway.url}/anything`)).toBe(200);
    const lines = await logLines(gateway.logFile, 3);
    expect(lines.map(({ status }) => status)).toEqual([404, 404, 200]);
    expect(lines[2]).toMatchObject({ http_user_agent: '', args: '', http_x_consumer_username: '' });
  });

  test('writes to the renamed log until it is told to open it again', async () => {
    const gateway = await start({ prefer });
    const rotated = `${gateway.logFile}.1`;
    await get(`${gateway.url}/get`);
    await logLines(gateway.logFile, 1);
    await rename(gateway.logFile, rotated);
    await get(`${gateway.url}/anything`);
    expect(await logLines(rotated, 2)).toMatchObject([{ uri: '/get' }, { uri: '/anything' }]);
    gateway.reopen();
    await reopened(gateway);
    const now = await logLines(gateway.logFile, 1);
    expect(now[0]).toMatchObject({ uri: '/get', args: 'reopened' });
  });

  test('lives in a folder with any name', async () => {
    const directory = join(await temporaryFolder(), 'a $uri "b" \'c\' {d};');
    await mkdir(directory);
    const gateway = await start({ prefer, directory });
    await get(`${gateway.url}/get`);
    expect(await logLines(join(directory, 'access.log'), 1)).toHaveLength(1);
  });

  test('can be stopped twice, and does not answer then', async () => {
    const gateway = await start({ prefer });
    await Promise.all([gateway.stop(), gateway.stop()]);
    await gateway.stop();
    await expect(fetch(`${gateway.url}/get`)).rejects.toThrow('fetch failed');
  });

  test('stops also while a client holds a connection', async () => {
    const gateway = await start({ prefer });
    await (await fetch(`${gateway.url}/get`)).arrayBuffer();
    await gateway.stop();
    expect(await logLines(gateway.logFile, 1)).toHaveLength(1);
  });
});

describe('NGINX', () => {
  test('with two workers and a buffered log has written every line when it is stopped', async () => {
    const gateway = await start({
      prefer: 'nginx',
      workerProcesses: 2,
      logParameters: 'buffer=16k flush=60s',
    });
    await Promise.all(Array.from({ length: 40 }, (_, i) => get(`${gateway.url}/get?${i}`)));
    await gateway.stop();
    const lines = await logLines(gateway.logFile, 40);
    expect(lines.map(({ args }) => Number(args)).toSorted((a, b) => a - b)).toEqual([...Array(40).keys()]);
  });

  test('says why it does not start', async () => {
    await expect(start({ prefer: 'nginx', logParameters: 'nonsense' })).rejects.toThrow(
      /^nginx does not start: .*invalid parameter "nonsense"/,
    );
  });
});

/** Sends requests until one is logged in the new file: workers open it again in their own time. */
async function reopened(gateway: Gateway): Promise<void> {
  for (;;) {
    await get(`${gateway.url}/get?reopened`);
    const text = await readFile(gateway.logFile, 'utf8').catch(() => '');
    if (text !== '') return;
  }
}

async function start(options: Partial<GatewayOptions>): Promise<Gateway> {
  const gateway = await startGateway({ directory: await temporaryFolder(), ...options });
  onTestFinished(() => gateway.stop());
  return gateway;
}

/** The status of a GET on a connection of its own, with these headers and no others than `Host`. */
function get(url: string, headers: Record<string, string> = {}): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { headers, agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    })
      .on('error', reject)
      .end();
  });
}
