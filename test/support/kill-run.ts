/**
 * A run of `kill -9` at random moments, while lines arrive, the log is rotated, and the sandbox misbehaves in every
 * way that leaves the truth intact: what it stores is stored, what it refuses it does not have.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault, FaultPlan } from '../../src/sandbox/faults.ts';
import { loadDuring } from './load.ts';
import { settle } from './outcome.ts';
import { randomFrom } from './random.ts';
import { logrotate } from './rotate.ts';
import type { RotationOutcome } from './rotation-run.ts';
import { Scenario } from './scenario.ts';
import { Daemon, tailmeter } from './tailmeter.ts';

export interface KillOptions {
  readonly seed: number;
  readonly kills: number;
  /** Milliseconds, from the start of the process to its death, at most. */
  readonly maxLifeMs: number;
  readonly perSecond: number;
  /** The log is rotated after every so many kills. */
  readonly killsPerRotation: number;
  readonly patienceMs?: number;
}

export interface KillOutcome extends RotationOutcome {
  /** Kinds of faults that the daemon met, and how often. */
  readonly met: Readonly<Record<string, number>>;
  /** Lives that got so far that they said `started`. */
  readonly started: number;
}

/** Share of the requests that meet a fault. */
const FAULTY = 0.3;

const FAULTS: Readonly<Record<string, Fault>> = {
  lostAnswer: { kind: 'reset', when: 'after' },
  lostRequest: { kind: 'reset', when: 'before' },
  lateAnswer: { kind: 'delay', ms: 50 },
  hangingAnswer: { kind: 'hang', when: 'after' },
  tooMany: { kind: 'answer', status: 429, headers: { 'retry-after': '0' } },
  broken: { kind: 'answer', status: 500 },
  /** Something in the batch, it does not say what. Given to one event alone this would be a verdict. */
  unprocessable: {
    kind: 'answer',
    status: 422,
    body: { status: 422, error: 'Unprocessable Entity', code: 'validation_errors', error_details: {} },
  },
};

export async function killAtRandom(options: KillOptions): Promise<KillOutcome> {
  const { kills, maxLifeMs, perSecond, killsPerRotation, patienceMs } = options;
  const random = randomFrom(options.seed);
  await using s = await Scenario.start({ workerProcesses: 2 });
  await s.configure({
    destination: { timeout: 200, answer_timeout: 200, retry_delay: 0, buffer_duration: 1 },
  });
  const met: Record<string, number> = {};
  s.sandbox.faults.always(misbehave(random, met));
  const rotate = logrotate({ directives: ['create', 'compress', 'delaycompress'], signalAfter: 0 });

  const lives: Daemon[] = [];
  const sent = await loadDuring(
    s.gateway.url,
    async () => {
      for (let kill = 1; kill <= kills; kill++) {
        const daemon = Daemon.spawn(s.config);
        lives.push(daemon);
        await delay(random() * maxLifeMs);
        await daemon.kill();
        if (kill % killsPerRotation === 0) await rotate(s.gateway);
      }
    },
    { perSecond },
  );
  s.sandbox.faults.clear();
  const last = await Daemon.start(s.config);
  lives.push(last);
  const outcome = await settle(s, last, patienceMs);
  const audit = await tailmeter(['audit', '--config', s.config]);
  const log = lives.flatMap(({ log }) => log);
  return {
    ...outcome,
    imbalances: audit.code === 0 ? outcome.imbalances : [...outcome.imbalances, audit.stdout + audit.stderr],
    sent,
    met,
    started: lives.filter((life) => life.log.some(({ event }) => event === 'started')).length,
    reportedLost: log.filter(({ event }) => event === 'lines_lost'),
  };
}

function misbehave(random: () => number, met: Record<string, number>): FaultPlan {
  const names = Object.keys(FAULTS);
  return (_request, events) => {
    if (random() >= FAULTY) return undefined;
    const name = names[Math.floor(random() * names.length)] ?? '';
    if (name === 'unprocessable' && events === 1) return undefined;
    met[name] = (met[name] ?? 0) + 1;
    return FAULTS[name];
  };
}
