import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Config } from '../../src/config/types.ts';
import { runDemo } from '../../src/demo/demo.ts';
import type { DemoOptions } from '../../src/demo/demo.ts';

const KINDS = ['nginx', 'node'] as const;

test.for(KINDS)('the demo tells the story of six events and leaves nothing behind (%s)', async (prefer) => {
  const { told, options, stopped } = prepare({ prefer });
  expect(await runDemo(options)).toBe(0);
  const story = told();
  expect(story).toContain('http_x_consumer_username');
  expect(story.match(/GET \/get /g)).toHaveLength(3);
  expect(story.match(/GET \/anything /g)).toHaveLength(3);
  expect(story.match(/jack_test {2}test {2}\{"tier":"expensive"\}/g)).toHaveLength(3);
  expect(story).toMatch(/tier: expensive\s+3 events\s+\$30\.00\n\s+any other\s+3 events\s+\$3\.00/);
  expect(story.trimEnd().split('\n').at(-1)).toBe('6 events, $33.00');
  expect(stopped()).toBe(1);
  expect(await leftovers(story)).toEqual([]);
});

test('events that do not arrive end the demo with a reason', async () => {
  const { told, options, stopped } = prepare({ deadlineMs: 50, forward: false });
  expect(await runDemo(options)).toBe(1);
  expect(told()).toContain('The demo failed: after 0.05 s Lago has 0 of 6 events');
  expect(stopped()).toBe(1);
  expect(await leftovers(told())).toEqual([]);
});

test('a daemon that does not start ends the demo with a reason', async () => {
  const { told, options } = prepare({});
  expect(await runDemo({ ...options, startDaemon: failToStart })).toBe(1);
  expect(told()).toContain('The demo failed: Error: no such daemon');
  expect(await leftovers(told())).toEqual([]);
});

test('a demo that is interrupted while it waits cleans up', async () => {
  const controller = new AbortController();
  const { told, options, stopped } = prepare({ forward: false, signal: controller.signal });
  const running = runDemo({
    ...options,
    out: (text) => (options.out(text), text.includes('4.') && controller.abort()),
  });
  expect(await running).toBe(1);
  expect(told()).toContain('The demo failed: it was interrupted');
  expect(stopped()).toBe(1);
  expect(await leftovers(told())).toEqual([]);
});

test('a demo that is kept stays up until it is told to stop', async () => {
  const controller = new AbortController();
  const said = Promise.withResolvers<string>();
  const { told, options, stopped } = prepare({ keep: true, signal: controller.signal });
  const out = (text: string): void => {
    options.out(text);
    if (text.includes('Ctrl-C')) said.resolve(text);
  };
  const running = runDemo({ ...options, out });
  const text = await said.promise;
  const usage = /'(http:[^']+current_usage[^']+)'/.exec(text)?.[1] ?? '';
  const answer = await fetch(usage, { headers: { authorization: 'Bearer lago_sandbox_key' } });
  expect(await answer.json()).toMatchObject({ customer_usage: { amount_cents: 3300 } });
  const config = /config\s+(\S+)/.exec(text)?.[1] ?? '';
  expect(await readFile(config, 'utf8')).toContain('state_dir: ');
  expect(stopped()).toBe(0);
  controller.abort();
  expect(await running).toBe(0);
  expect(stopped()).toBe(1);
  expect(await leftovers(told())).toEqual([]);
});

const failToStart = (): Promise<never> => Promise.reject(new Error('no such daemon'));

interface Prepared {
  readonly options: DemoOptions;
  /** All that was said. */
  readonly told: () => string;
  /** How often the daemon was stopped. */
  readonly stopped: () => number;
}

/** Options with a daemon that follows the log in the simplest way; with `forward: false` it sends nothing. */
function prepare({ forward = true, ...options }: Partial<DemoOptions> & { forward?: boolean }): Prepared {
  let story = '';
  let stops = 0;
  return {
    told: () => story,
    stopped: () => stops,
    options: {
      keep: false,
      ...options,
      out: (text) => void (story += `${text}\n`),
      startDaemon: async (config) => {
        const follower = forward ? follow(config) : undefined;
        return {
          stop: async () => {
            stops++;
            await follower?.stop();
          },
        };
      },
    },
  };
}

function follow({ sources, destinations }: Config): { stop(): Promise<void> } {
  const [source] = sources;
  const [destination] = destinations;
  if (source === undefined || destination === undefined) throw new Error('nothing to follow');
  const stopping = new AbortController();
  const loop = async (): Promise<void> => {
    let sent = 0;
    while (!stopping.signal.aborted) {
      const lines = (await readFile(source.path, 'utf8')).split('\n').slice(0, -1);
      for (const line of lines.slice(sent)) await send(line, destination);
      sent = lines.length;
      await delay(5);
    }
  };
  const done = loop();
  return {
    async stop() {
      stopping.abort();
      await done;
    },
  };
}

async function send(line: string, destination: Config['destinations'][number]): Promise<void> {
  const fields = JSON.parse(line) as Record<string, string>;
  const event = {
    transaction_id: fields['request_id'],
    external_subscription_id: fields['http_x_consumer_username'],
    code: 'test',
    timestamp: fields['msec'],
    properties: fields['uri'] === '/get' ? {} : { tier: 'expensive' },
  };
  await fetch(`${destination.endpoint_addrs[0]}${destination.endpoint_uri}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${destination.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ events: [event] }),
  });
}

/** Of the demo's folder and servers: what still exists. */
async function leftovers(story: string): Promise<string[]> {
  const folder = /tailmeter-demo-\w+/.exec(story)?.[0] ?? '';
  expect(folder).not.toBe('');
  const folders = (await readdir(tmpdir())).filter((name) => name === folder);
  const urls = [...new Set(story.match(/http:\/\/127\.0\.0\.1:\d+/g))];
  const alive = await Promise.all(
    urls.map((url) =>
      fetch(url).then(
        () => url,
        () => '',
      ),
    ),
  );
  return [...folders, ...alive.filter((url) => url !== '')];
}
