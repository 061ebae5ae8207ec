/** A shipper between a queue in memory and a real server, closed after each test. */
import { afterEach } from 'vitest';
import type { LagoDestinationConfig } from '../../../src/config/types.ts';
import type { TelemetryEvent } from '../../../src/observe/events.ts';
import { Shipper } from '../../../src/ship/shipper.ts';
import type { Clock } from '../../../src/types.ts';
import { SkippingClock } from './clocks.ts';
import { LagoServer } from './lago-server.ts';
import { MemoryQueue } from './memory-queue.ts';

export const TOKEN = 'lago_key-7f3a';

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

export function closeLater(close: () => Promise<void>): void {
  cleanups.push(close);
}

export async function lagoServer(...options: Parameters<typeof LagoServer.listen>): Promise<LagoServer> {
  const server = await LagoServer.listen(...options);
  closeLater(() => server.close());
  return server;
}

export function destination(
  addresses: readonly string[],
  overrides: Partial<LagoDestinationConfig> = {},
): LagoDestinationConfig {
  return {
    name: 'lago',
    type: 'lago',
    endpoint_addrs: addresses,
    balance: 'least_in_flight',
    endpoint_uri: '/api/v1/events/batch',
    token: TOKEN,
    answer_check: 'strict',
    batch_max_size: 100,
    large_event_bytes: 2500,
    inactive_timeout: 5,
    buffer_duration: 60,
    retry_delay: 1,
    concurrency: 4,
    ssl_verify: true,
    timeout: 3000,
    answer_timeout: 30_000,
    keepalive: true,
    keepalive_timeout: 60_000,
    keepalive_lifetime: 300_000,
    keepalive_pool: 5,
    ...overrides,
  };
}

export interface Rig<C extends Clock> {
  readonly shipper: Shipper;
  readonly queue: MemoryQueue;
  readonly clock: C;
  readonly reports: TelemetryEvent[];
  /** Reports of one kind. */
  reported<Kind extends TelemetryEvent['event']>(kind: Kind): Extract<TelemetryEvent, { event: Kind }>[];
}

/** @param random 0.5 unless told: waits are half of their maximum, the first of two endpoints is never random */
export function rig(config: LagoDestinationConfig): Rig<SkippingClock>;
export function rig<C extends Clock>(config: LagoDestinationConfig, clock: C, random?: () => number): Rig<C>;
export function rig(
  config: LagoDestinationConfig,
  clock: Clock = new SkippingClock(),
  random: () => number = () => 0.5,
): Rig<Clock> {
  const queue = new MemoryQueue();
  const reports: TelemetryEvent[] = [];
  const reporter = { report: (event: TelemetryEvent): void => void reports.push(event) };
  const shipper = new Shipper({ destination: config, queue, reporter, clock, random, version: '1.2.3' });
  closeLater(() => shipper.stop(0));
  return {
    shipper,
    queue,
    clock,
    reports,
    reported: <Kind extends TelemetryEvent['event']>(kind: Kind) =>
      reports.filter((event): event is Extract<TelemetryEvent, { event: Kind }> => event.event === kind),
  };
}

/** Starts and waits until everything in the queue is settled. */
export async function ship({ shipper }: Rig<Clock>): Promise<void> {
  shipper.start();
  await shipper.idle();
}
