/** The built program holds a part of undici: here is a check that what TLS and proxies take is in it. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LagoServer } from '../ship/support/lago-server.ts';
import { startProxy, type Proxy } from '../ship/support/proxy.ts';
import { tailmeter } from '../support/tailmeter.ts';
import { ANY_TIME } from '../support/any-time.ts';

const fileOf = (name: string): string =>
  fileURLToPath(new URL(`../ship/support/loopback.${name}.pem`, import.meta.url));
let root: string;
let server: LagoServer;
let proxy: Proxy;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tailmeter-https-'));
  server = await LagoServer.listen({ cert: readFileSync(fileOf('cert')), key: readFileSync(fileOf('key')) });
  proxy = await startProxy();
});
afterEach(async () => {
  await server.close();
  await proxy.close();
  await rm(root, { recursive: true, force: true });
});

test.each([
  ['directly', () => ({}), () => []],
  ['through a proxy', () => ({ proxy: proxy.url }), () => [`CONNECT 127.0.0.1:${server.port}`]],
])('the built program delivers over https %s', async (_, options, tunnels) => {
  const log = join(root, 'access.log');
  const lines = Array.from({ length: 250 }, (__, i) => JSON.stringify({ id: `id-${i}`, user: 'u' }));
  await writeFile(log, `${lines.join('\n')}\n`);
  const config = join(root, 'tailmeter.json');
  await writeFile(
    config,
    JSON.stringify({
      state_dir: join(root, 'state'),
      sources: [{ path: log, ...ANY_TIME }],
      rules: [
        {
          event_code: 'call',
          event_transaction_id: '${id}',
          event_subscription_id: '${user}',
          event_timestamp: '1700000000',
        },
      ],
      destinations: [
        { endpoint_addrs: [server.address], token: 't0ken', ca_file: fileOf('cert'), ...options() },
      ],
    }),
  );
  const { code, stderr } = await tailmeter(['replay', '--config', config, log]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(server.ids).toHaveLength(250);
  const asked = new Set(proxy.requests.map(({ line }) => line));
  expect([...asked]).toEqual(tunnels());
});
