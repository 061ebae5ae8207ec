import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { ManualClock } from './support/clocks.ts';
import { events } from './support/memory-queue.ts';
import type { Behaviour } from './support/lago-server.ts';
import { startProxy } from './support/proxy.ts';
import { closeLater, destination, lagoServer, rig, ship } from './support/setup.ts';

const certFile = fileURLToPath(new URL('support/loopback.cert.pem', import.meta.url));
const keyFile = fileURLToPath(new URL('support/loopback.key.pem', import.meta.url));
const tls = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
const delivered = { delivered: 3, duplicates: 0, dead: 0 };

describe('TLS', () => {
  it('does not talk to a server whose certificate is not trusted', async () => {
    const server = await lagoServer(tls);
    const clock = new ManualClock();
    const setup = rig(destination([server.address]), clock);
    setup.queue.seal(events(3));
    setup.shipper.start();
    await clock.asleep(1);
    expect(server.requests).toEqual([]);
    expect(setup.shipper.status().endpoints[0]!.breaker).toBe('open');
    expect(setup.reported('batch_failed')[0]!.message).toMatch(
      /^failed to do SSL handshake: self-signed certificate/,
    );
  });

  it('trusts the authorities of ca_file', async () => {
    const server = await lagoServer(tls);
    const setup = rig(destination([server.address], { ca_file: certFile }));
    setup.queue.seal(events(3));
    await ship(setup);
    expect(setup.queue.settlements.get(1)).toEqual(delivered);
  });

  it('trusts anyone when ssl_verify is off', async () => {
    const server = await lagoServer(tls);
    const setup = rig(destination([server.address], { ssl_verify: false }));
    setup.queue.seal(events(3));
    await ship(setup);
    expect(setup.queue.settlements.get(1)).toEqual(delivered);
  });

  it('shows its own certificate where one is asked for', async () => {
    const server = await lagoServer({ ...tls, ca: tls.cert, requestCert: true, rejectUnauthorized: true });
    const config = destination([server.address], {
      ca_file: certFile,
      cert_file: certFile,
      key_file: keyFile,
    });
    const setup = rig(config);
    setup.queue.seal(events(3));
    await ship(setup);
    expect(setup.queue.settlements.get(1)).toEqual(delivered);
  });

  it('refuses to start without the certificate that it is to use', async () => {
    const config = destination(['https://127.0.0.1:1'], { ca_file: '/nonexistent/ca.pem' });
    expect(() => rig(config)).toThrow(ConfigError);
    expect(() => rig(config)).toThrow(/^\/nonexistent\/ca.pem: cannot be read: ENOENT/);
  });
});

/** Requests of one event. */
const batches = (concurrency: number, overrides: object = {}) => ({
  batch_max_size: 1,
  concurrency,
  ...overrides,
});

describe('connections', () => {
  it('carry request after request, and are no more than are in flight', async () => {
    const server = await lagoServer();
    const setup = rig(destination([server.address], batches(3)));
    server.behave = async (): Promise<Behaviour> => {
      await server.received(3);
      return 'lago';
    };
    setup.queue.seal(events(20));
    await ship(setup);
    expect(server.requests).toHaveLength(20);
    expect(server.mostInFlight).toBe(3);
    expect(server.connections).toBe(3);
  });

  it('are opened anew when the server has closed them after its answer', async () => {
    const server = await lagoServer();
    const setup = rig(destination([server.address], batches(1)));
    server.behave = ({ events: sent }) => ({ ...server.store(sent), headers: { connection: 'close' } });
    setup.queue.seal(events(3));
    await ship(setup);
    expect(setup.queue.settlements.get(1)).toEqual(delivered);
    expect(server.connections).toBe(3);
  });

  it.each(['reset', 'lose', 'break'] as const)('are replaced when one fails (%s)', async (behaviour) => {
    const server = await lagoServer();
    const setup = rig(destination([server.address], batches(1)));
    server.behave = (_request, index) => (index === 1 ? behaviour : 'lago');
    setup.queue.seal(events(4));
    await ship(setup);
    const { delivered: stored, duplicates } = setup.queue.settlements.get(1)!;
    expect(stored + duplicates).toBe(4);
    expect(server.ids).toHaveLength(4);
    expect(server.connections).toBe(2);
  });

  it('beyond keepalive_pool are closed when they are idle, the others are kept', async () => {
    const server = await lagoServer();
    const setup = rig(
      destination([server.address], batches(3, { keepalive_pool: 2, inactive_timeout: 0.1 })),
    );
    server.behave = async (): Promise<Behaviour> => {
      await server.received(3);
      return 'lago';
    };
    setup.queue.seal(events(3));
    await ship(setup);
    await server.closed(1);
    setup.queue.seal(events(3, 'u'));
    setup.shipper.wake();
    await setup.shipper.idle();
    expect(setup.queue.settlements.get(2)).toEqual(delivered);
    expect(server.closedConnections).toBe(1);
  });

  it('that could not be opened are tried again', async () => {
    const server = await lagoServer();
    await server.close();
    const setup = rig(destination([server.address], batches(2)));
    setup.queue.seal(events(3));
    setup.shipper.start();
    while (setup.clock.slept.length < 3) await new Promise((resolve) => setImmediate(resolve));
    const again = await lagoServer(undefined, server.port);
    await setup.shipper.idle();
    expect(again.ids).toHaveLength(3);
  });
});

describe('a connection', () => {
  it('is replaced when it is old, so that a name that moved is followed', async () => {
    const server = await lagoServer();
    const setup = rig(destination([server.address], batches(1, { keepalive_lifetime: 0 })));
    setup.queue.seal(events(3));
    await ship(setup);
    expect(setup.queue.settlements.get(1)).toEqual(delivered);
    expect(server.connections).toBe(3);
  });
});

describe('a name that does not exist', () => {
  it('is an endpoint that is down', async () => {
    const clock = new ManualClock();
    const setup = rig(destination(['http://lago.invalid:3000']), clock);
    setup.queue.seal(events(3));
    setup.shipper.start();
    await clock.asleep(1);
    expect(setup.reported('batch_failed')[0]!.message).toMatch(
      /^could not be resolved \(3: Host not found\): .*lago\.invalid/,
    );
    expect(setup.reported('endpoint_open')).toHaveLength(1);
  });
});

describe('a proxy', () => {
  it('is used for http', async () => {
    const [server, proxy] = [await lagoServer(), await startProxy()];
    closeLater(() => proxy.close());
    const setup = rig(destination([server.address], { proxy: proxy.url }));
    setup.queue.seal(events(3));
    await ship(setup);
    expect(setup.queue.settlements.get(1)).toEqual(delivered);
    expect(proxy.requests).toEqual([
      {
        line: `POST ${server.address}/api/v1/events/batch`,
        authorization: `Basic ${Buffer.from('proxy-user:proxy-secret').toString('base64')}`,
      },
    ]);
  });

  it('is used for https through a tunnel, with the TLS options of the destination', async () => {
    const [server, proxy] = [await lagoServer(tls), await startProxy()];
    closeLater(() => proxy.close());
    const setup = rig(destination([server.address], { proxy: proxy.url, ca_file: certFile }));
    setup.queue.seal(events(3));
    await ship(setup);
    expect(setup.queue.settlements.get(1)).toEqual(delivered);
    expect(proxy.requests.map(({ line }) => line)).toEqual([`CONNECT 127.0.0.1:${server.port}`]);
  });

  it.each(['http', 'https'])('has no more connections than are in flight (%s)', async (scheme) => {
    const [server, proxy] = [await lagoServer(scheme === 'https' ? tls : undefined), await startProxy()];
    closeLater(() => proxy.close());
    const setup = rig(destination([server.address], batches(2, { proxy: proxy.url, ssl_verify: false })));
    setup.queue.seal(events(10));
    await ship(setup);
    expect(server.ids).toHaveLength(10);
    expect(proxy.connections).toBe(2);
  });

  it('that is down is waited for, and its credentials are not told', async () => {
    const [server, proxy] = [await lagoServer(), await startProxy()];
    await proxy.close();
    const clock = new ManualClock();
    const setup = rig(destination([server.address], { proxy: proxy.url }), clock);
    setup.queue.seal(events(3));
    setup.shipper.start();
    await clock.asleep(1);
    expect(setup.reported('batch_failed')[0]!.message).toMatch(/^connection refused: /);
    expect(JSON.stringify([setup.reports, setup.shipper.status()])).not.toContain('proxy-secret');
  });
});

describe('a proxy that wants credentials', () => {
  it.each(['http', 'https'])('holds, and is named as what to mend (%s)', async (scheme) => {
    const server = await lagoServer(scheme === 'https' ? tls : undefined);
    let isOpen = false;
    const proxy = await startProxy(() => isOpen);
    closeLater(() => proxy.close());
    const clock = new ManualClock();
    const setup = rig(destination([server.address], { proxy: proxy.url, ssl_verify: false }), clock);
    setup.queue.seal(events(3));
    setup.shipper.start();
    await clock.asleep(1);
    expect(setup.reported('destination_held')).toMatchObject([
      { remedy: expect.stringContaining('The proxy wants credentials') as string },
    ]);
    isOpen = true;
    clock.advance(30_000);
    await setup.shipper.idle();
    expect(setup.queue.settlements.get(1)).toEqual(delivered);
  });
});
