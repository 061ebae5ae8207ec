/** Keys and certificates that are replaced while the daemon runs: used without a restart. */
import { execFileSync } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { ServerOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LagoServer } from '../ship/support/lago-server.ts';
import { startProxy } from '../ship/support/proxy.ts';
import { DeliveryRun } from '../support/delivery-run.ts';

let folder: string;
const opened: { close(): Promise<void> }[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tailmeter-credentials-'));
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  await rm(folder, { recursive: true, force: true });
});
async function lago(tls?: ServerOptions): Promise<LagoServer> {
  const server = await LagoServer.listen(tls);
  opened.push(server);
  return server;
}
const file = (name: string): string => join(folder, name);

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
}
const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function authority(name: string): void {
  openssl(
    'req',
    '-x509',
    ...EC,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.pem`,
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
  );
}

async function certificate(name: string, ca: string): Promise<void> {
  await writeFile(file('names'), 'subjectAltName=IP:127.0.0.1');
  openssl('req', ...EC, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
  openssl(
    ...`x509 -req -in ${name}.csr -CA ${ca}.pem -CAkey ${ca}.key -CAcreateserial`.split(' '),
    ...`-days 1 -extfile names -out ${name}.pem`.split(' '),
  );
}

async function tlsOf(name: string): Promise<{ key: Buffer; cert: Buffer }> {
  return { key: await readFile(file(`${name}.key`)), cert: await readFile(file(`${name}.pem`)) };
}

test('a token file that is replaced is read again when the old token is refused', async () => {
  const server = await lago();
  let key = 'old';
  server.behave = ({ headers }) => (headers.authorization === `Bearer ${key}` ? 'lago' : { status: 401 });
  await writeFile(file('token'), 'old\n');
  await using run = await DeliveryRun.prepare(200, [server.address], { token: `$file://${file('token')}` });
  const daemon = await run.start();
  await run.settled();
  await writeFile(file('token.new'), 'new-token\n');
  await rename(file('token.new'), file('token'));
  key = 'new-token';
  await run.log(200);
  expect(await run.settled()).toMatchObject({ delivered: 400, dead: 0, held: null });
  expect(await daemon.logged(({ event }) => event === 'credentials_renewed')).toMatchObject({ token: true });
  expect(JSON.stringify(daemon.log)).not.toContain('new-token');
});

test('a client certificate that is replaced is used when the old one is refused', async () => {
  for (const name of ['ca1', 'ca2']) authority(name);
  for (const [name, ca] of [
    ['server', 'ca1'],
    ['client1', 'ca1'],
    ['client2', 'ca2'],
  ] as const)
    await certificate(name, ca);
  const tls = { ...(await tlsOf('server')), requestCert: true, rejectUnauthorized: true };
  const server = await lago({ ...tls, ca: await readFile(file('ca1.pem')) });
  const replace = async (name: string): Promise<void> => {
    await copyFile(file(`${name}.pem`), file('client.pem'));
    await copyFile(file(`${name}.key`), file('client.key'));
  };
  await replace('client1');
  await using run = await DeliveryRun.prepare(200, [server.address], {
    ca_file: file('ca1.pem'),
    cert_file: file('client.pem'),
    key_file: file('client.key'),
  });
  await run.start();
  await run.settled();
  await replace('client2');
  server.secure({ ...tls, ca: await readFile(file('ca2.pem')) });
  await run.log(200);
  expect(await run.settled()).toMatchObject({ delivered: 400, dead: 0 });
});

test('an authority that is added to ca_file is trusted when a server shows a certificate of it', async () => {
  for (const name of ['ca1', 'ca2']) authority(name);
  await certificate('server1', 'ca1');
  await certificate('server2', 'ca2');
  const server = await lago(await tlsOf('server1'));
  await copyFile(file('ca1.pem'), file('ca.pem'));
  await using run = await DeliveryRun.prepare(200, [server.address], { ca_file: file('ca.pem') });
  await run.start();
  await run.settled();
  const both = await Promise.all([readFile(file('ca1.pem')), readFile(file('ca2.pem'))]);
  await writeFile(file('ca.pem'), Buffer.concat(both));
  server.secure(await tlsOf('server2'));
  await run.log(200);
  expect(await run.settled()).toMatchObject({ delivered: 400, dead: 0 });
});

test('proxy: env goes by HTTPS_PROXY and NO_PROXY', async () => {
  authority('ca');
  await certificate('server', 'ca');
  const [server, plain] = [await lago(await tlsOf('server')), await lago()];
  const proxy = await startProxy();
  opened.push(proxy);
  const options = { ca_file: file('ca.pem'), proxy: 'env' };
  await using run = await DeliveryRun.prepare(20_000, [server.address, plain.address], options);
  await run.start({ HTTPS_PROXY: proxy.url, ALL_PROXY: proxy.url, NO_PROXY: `127.0.0.1:${plain.port}` });
  expect(await run.settled()).toMatchObject({ delivered: 20_000, dead: 0 });
  expect(server.requests.length).toBeGreaterThan(0);
  expect(plain.requests.length).toBeGreaterThan(0);
  expect([...new Set(proxy.requests.map(({ line }) => line))]).toEqual([`CONNECT 127.0.0.1:${server.port}`]);
});
