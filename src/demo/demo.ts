/**
 * `tailmeter demo`: a gateway's six calls on their way to $33.00, on this machine alone. Everything is real but Lago:
 * the gateway, its log, the configuration file, the daemon. Whatever happens, nothing stays behind.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/types.ts';
import { DemoError, TailmeterError } from '../errors.ts';
import { createSandbox, DEFAULT_KEY } from '../sandbox/server.ts';
import { Cleanup } from './cleanup.ts';
import { demoConfig } from './demo-config.ts';
import { startGateway } from './gateway.ts';
import type { Gateway } from './gateway.ts';
import { LagoClient } from './lago-client.ts';
import type { LagoUsage } from './lago-client.ts';
import { provision, WALKTHROUGH } from './provision.ts';
import { eventStory, indent, logStory, totalStory, usageStory } from './story.ts';
import { CALLS, sendTraffic } from './traffic.ts';

export interface DemoOptions {
  /** Stay up after the story until SIGINT or SIGTERM. */
  readonly keep: boolean;
  /** Takes one or more lines, without the last newline. */
  readonly out: (text: string) => void;
  readonly startDaemon: (config: Config) => Promise<{ stop(): Promise<void> }>;
  /** Which gateway; default: NGINX where it is installed. */
  readonly prefer?: 'nginx' | 'node';
  /** How long the events may take; default 30 s. */
  readonly deadlineMs?: number;
  /** Ends the demo like SIGINT does. */
  readonly signal?: AbortSignal;
}

interface Stage {
  readonly directory: string;
  readonly configFile: string;
  readonly gateway: Gateway;
  readonly lagoUrl: string;
}

/** Resolves with the exit code: 0 when all six events arrived and cost what they should, else 1. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const cleanup = new Cleanup();
  const interrupted = interruption(options.signal, cleanup);
  try {
    options.out('tailmeter demo: six calls through a gateway become a line on an invoice.\n');
    const stage = await setUp(options, cleanup);
    interrupted.throwIfAborted();
    const usage = await perform(stage, options, interrupted);
    options.out(`\n${totalStory(usage)}`);
    if (options.keep) {
      options.out(whereEverythingIs(stage));
      await aborted(interrupted);
    }
    return 0;
  } catch (error) {
    options.out(`\nThe demo failed: ${reasonOf(error)}`);
    return 1;
  } finally {
    await cleanup.run();
  }
}

/** Stages 1 to 3: the stand-in for Lago, the gateway, the daemon. */
async function setUp({ out, prefer, startDaemon }: DemoOptions, cleanup: Cleanup): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'tailmeter-demo-'));
  cleanup.add(() => rm(directory, { recursive: true, force: true }));

  const sandbox = await createSandbox();
  cleanup.add(() => sandbox.close());
  await provision({ url: sandbox.url, key: DEFAULT_KEY });
  const { price, expensivePrice, customer, subscription } = WALKTHROUGH;
  out(`1. A stand-in for Lago listens on ${sandbox.url}.`);
  out(
    indent([
      `${customer} subscribes as ${subscription}: $${price} a call, $${expensivePrice} with tier: expensive.`,
    ]),
  );

  const gateway = await startGateway({ directory, ...(prefer && { prefer }) });
  cleanup.add(() => gateway.stop());
  out(`\n2. A gateway, ${gateway.name}, listens on ${gateway.url}.`);
  out(indent([`It writes its access log as JSON to ${gateway.logFile}`]));

  const configFile = join(directory, 'tailmeter.yaml');
  const paths = {
    stateDir: join(directory, 'state'),
    logFile: gateway.logFile,
    lagoUrl: sandbox.url,
    key: DEFAULT_KEY,
  };
  await writeFile(configFile, demoConfig(paths));
  const daemon = await startDaemon(await loadConfig(configFile));
  cleanup.add(() => daemon.stop());
  out('\n3. tailmeter follows that log, with two rules:');
  out(indent(['/get       gives an event', '/anything  gives an event with tier: expensive']));
  return { directory, configFile, gateway, lagoUrl: sandbox.url };
}

/** Stages 4 to 6: the calls, the events, the money. */
async function perform(
  stage: Stage,
  { out, deadlineMs = 30_000 }: DemoOptions,
  interrupted: AbortSignal,
): Promise<LagoUsage> {
  const { customer, subscription } = WALKTHROUGH;
  const lago = new LagoClient({ url: stage.lagoUrl, key: DEFAULT_KEY });

  await sendTraffic(stage.gateway.url, subscription);
  out('\n4. Three calls of /get, three of /anything. What the gateway logged, the first line in full:');
  const usage = await usageOfAll(lago, deadlineMs, interrupted);
  const log = await readFile(stage.gateway.logFile, 'utf8');
  out(logStory(log.trimEnd().split('\n')));

  out('\n5. What Lago stored:');
  out(eventStory(await lago.events(subscription)));

  out(`\n6. What it comes to for ${customer}:`);
  out(usageStory(usage));
  if (usage.events !== CALLS.length || usage.amountCents !== 3300) {
    throw new DemoError(`Lago should have 6 events at $33.00, but has ${totalStory(usage)}`);
  }
  return usage;
}

/** Waits until Lago has as many events as there were calls. */
async function usageOfAll(
  lago: LagoClient,
  deadlineMs: number,
  interrupted: AbortSignal,
): Promise<LagoUsage> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    interrupted.throwIfAborted();
    const usage = await lago.usage(WALKTHROUGH.customer, WALKTHROUGH.subscription);
    if (usage.events >= CALLS.length) return usage;
    if (Date.now() >= deadline) {
      throw new DemoError(`after ${deadlineMs / 1000} s Lago has ${usage.events} of ${CALLS.length} events`);
    }
    await delay(50);
  }
}

function whereEverythingIs({ directory, configFile, gateway, lagoUrl }: Stage): string {
  const { customer, subscription } = WALKTHROUGH;
  const usage = `${lagoUrl}/api/v1/customers/${customer}/current_usage?external_subscription_id=${subscription}`;
  return `
All of it stays up until Ctrl-C:

   gateway   ${gateway.url}
   its log   ${gateway.logFile}
   config    ${configFile}
   state     ${join(directory, 'state')}
   Lago      ${lagoUrl}, with the key ${DEFAULT_KEY}

A call, and what it comes to two seconds later:

   curl -H 'X-Consumer-Username: ${subscription}' ${gateway.url}/anything
   curl -H 'Authorization: Bearer ${DEFAULT_KEY}' '${usage}'

And what tailmeter says of itself:

   tailmeter status --config ${configFile}
`;
}

/** One sentence where the cause is known; where it is not, a person will want to know where it happened. */
function reasonOf(error: unknown): string {
  if (error instanceof TailmeterError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Aborts on the first SIGINT or SIGTERM, or with `signal`. Later ones change nothing: cleaning up is under way. */
function interruption(signal: AbortSignal | undefined, cleanup: Cleanup): AbortSignal {
  const controller = new AbortController();
  const interrupt = (): void => controller.abort(new DemoError('it was interrupted'));
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  cleanup.add(async () => void process.off('SIGINT', interrupt).off('SIGTERM', interrupt));
  if (signal?.aborted) interrupt();
  signal?.addEventListener('abort', interrupt, { once: true });
  return controller.signal;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}
