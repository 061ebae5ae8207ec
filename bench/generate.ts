/**
 * Deterministic input for the benchmarks: access logs of an NGINX with 21 variables (595 bytes a line on average, one
 * line in ten with escaped quotes in its user agent), and lines of Kong's file-log (nested, about 1.5 KB).
 */

/** A small generator of pseudo-random numbers: the same seed, the same log. */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** An integer in [0, sides). */
  roll(sides: number): number {
    // xorshift32
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % sides;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.roll(items.length)]!;
  }

  hex(digits: number): string {
    let text = '';
    while (text.length < digits) text += this.roll(0x10000).toString(16).padStart(4, '0');
    return text.slice(0, digits);
  }
}

const BROWSER =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0 Safari/537.36';
const PHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile';
const QUOTING = 'acme-client/2.4.0 (\\"production\\"; linux; x64)';
const AGENTS = [
  BROWSER,
  PHONE,
  'python-httpx/0.27.2',
  'Go-http-client/2.0',
  'okhttp/4.12.0',
  'axios/1.7.7',
  'curl/8.10.1',
];
const PATHS = [
  '/v1/chat/completions',
  '/v1/embeddings',
  '/v1/images',
  '/v2/invoices',
  '/v2/invoices/71/lines',
  '/ping',
];
const ARGUMENTS = ['', '', 'page=3&per_page=25', 'q=metered+usage&sort=-date', 'expand=lines&limit=200'];
const METHODS = ['GET', 'GET', 'POST', 'POST', 'PUT', 'DELETE'];
const STATUSES = [200, 200, 200, 200, 200, 201, 204, 304, 400, 401, 404, 429, 500];
const HOSTS = ['api.example.com', 'eu.api.example.com'];
const REFERERS = ['', '', 'https://app.example.com/projects/overview', 'https://docs.example.com/reference'];
/**
 * The first of last month, Unix ms: a time that every version bills, whatever it takes for plausible, without a key in the
 * configuration that an older one does not know. But for it the lines are always the same.
 */
export const FIRST_TIME = firstOfLastMonth(new Date());

function firstOfLastMonth(now: Date): number {
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1);
}

/** Yields lines, with their newline. */
export type LineGenerator = (count: number) => Generator<string>;

/** `format: nginx`. Request ids are unique, times do not decrease. */
export function* nginxLines(count: number): Generator<string> {
  const dice = new Dice(20_260_701);
  let time = FIRST_TIME;
  for (let index = 0; index < count; index++) {
    time += dice.roll(3);
    const took = 1 + dice.roll(900);
    const host = dice.pick(HOSTS);
    const service = dice.roll(12);
    const agent = index % 10 === 7 ? QUOTING : dice.pick(AGENTS);
    yield (
      `{"time":"${new Date(time).toISOString().slice(0, 19)}+00:00","msec":${seconds(time)}` +
      `,"request_id":"${index.toString(16).padStart(8, '0')}${dice.hex(24)}"` +
      `,"remote_addr":"10.${dice.roll(256)}.${dice.roll(256)}.${dice.roll(256)}"` +
      `,"request_method":"${dice.pick(METHODS)}","scheme":"https","host":"${host}","server_name":"${host}"` +
      `,"uri":"${dice.pick(PATHS)}","args":"${dice.pick(ARGUMENTS)}","status":${dice.pick(STATUSES)}` +
      `,"body_bytes_sent":${dice.roll(20_000)},"request_length":${200 + dice.roll(4000)}` +
      `,"request_time":${seconds(took)},"upstream_response_time":"${seconds(took - 1)}"` +
      `,"bytes_sent":${300 + dice.roll(20_000)},"http_user_agent":"${agent}","http_referer":"${dice.pick(REFERERS)}"` +
      `,"http_x_consumer_username":"sub_${String(dice.roll(5000)).padStart(6, '0')}"` +
      `,"route_id":"route-${String(dice.roll(64)).padStart(4, '0')}","service_id":"svc-${String(service).padStart(3, '0')}"}\n`
    );
  }
}

/** `format: kong-file-log`, with headers that differ from client to client. */
export function* kongLines(count: number): Generator<string> {
  const dice = new Dice(20_260_702);
  let time = FIRST_TIME;
  for (let index = 0; index < count; index++) {
    time += dice.roll(3);
    const path = dice.pick(PATHS);
    const query = dice.pick(ARGUMENTS);
    const uri = query === '' ? path : `${path}?${query}`;
    const consumer = dice.roll(5000);
    const took = 1 + dice.roll(900);
    const prompt = dice.roll(4000);
    const completion = dice.roll(1000);
    const headers = {
      host: 'api.example.com',
      'user-agent': dice.pick(AGENTS),
      accept: '*/*',
      ...(dice.roll(2) === 0 && { 'accept-encoding': 'gzip, deflate, br' }),
      ...(dice.roll(3) === 0 && { 'x-forwarded-for': `10.${dice.roll(256)}.${dice.roll(256)}.1` }),
      'content-type': 'application/json',
      'x-team': dice.pick(['blue', 'green', 'red']),
      authorization: 'REDACTED',
    };
    const line = {
      request: {
        id: `${index.toString(16).padStart(8, '0')}${dice.hex(24)}`,
        method: dice.pick(METHODS),
        uri,
        url: `https://api.example.com:8443${uri}`,
        size: 200 + dice.roll(4000),
        headers,
        querystring: Object.fromEntries(new URLSearchParams(query)),
        tls: { cipher: 'TLS_AES_256_GCM_SHA384', version: 'TLSv1.3', client_verify: 'NONE' },
      },
      response: {
        status: dice.pick(STATUSES),
        size: 300 + dice.roll(20_000),
        headers: {
          'content-type': 'application/json',
          'x-ratelimit-remaining-minute': String(dice.roll(1000)),
          'x-kong-upstream-latency': String(took),
          via: '1.1 kong/3.9.0',
        },
      },
      latencies: { kong: dice.roll(9), proxy: took, request: took + 4, receive: 0 },
      tries: [
        { ip: `10.9.0.${dice.roll(256)}`, port: 443, balancer_start: time, balancer_latency: 0, state: 'ok' },
      ],
      route: {
        id: '0f3c9d6e-4a5b-4c67-8d12-1f2e3d4c5b6a',
        name: 'chat',
        paths: ['/v1', '/v2'],
        protocols: ['https'],
      },
      service: { id: '7a6b5c4d-3e2f-4a1b-9c8d-7e6f5a4b3c2d', name: 'llm', host: 'llm.internal', port: 443 },
      consumer: {
        id: `b1c2d3e4-0000-4000-8000-${dice.hex(12)}`,
        username: `sub_${consumer}`,
        custom_id: `cus_${consumer}`,
      },
      ai: {
        proxy: {
          usage: {
            prompt_tokens: prompt,
            completion_tokens: completion,
            total_tokens: prompt + completion,
            cost: (prompt + 3 * completion) / 1_000_000,
          },
          meta: { request_model: 'gpt-4o', response_model: 'gpt-4o-2024-08-06', provider_name: 'openai' },
        },
      },
      client_ip: `10.${dice.roll(256)}.${dice.roll(256)}.${dice.roll(256)}`,
      started_at: time,
      upstream_status: '200',
      workspace: 'b4a1e9a2-6b4a-4e91-9c2e-3b6a9d8f1c72',
    };
    yield `${JSON.stringify(line)}\n`;
  }
}

/** Milliseconds as NGINX writes them. */
function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3);
}
