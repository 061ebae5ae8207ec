/**
 * A run of rotations under load: real NGINX with two workers, the real daemon, the sandbox. The short tests, the
 * torture and nobody else decide how long it is.
 */
import { loadDuring, sendRequests } from './load.ts';
import { problemsOf, settle, type Outcome } from './outcome.ts';
import { apisixLogRotate, logrotate, renameAndReopen, type Rotate } from './rotate.ts';
import { Scenario } from './scenario.ts';
import { Daemon, statusWhen, type LogEntry } from './tailmeter.ts';

/** What the daemon does while the log is rotated. `full`: it waits for room in its spool, for Lago is down. */
export type While = 'running' | 'stopped' | 'down' | 'full';

export interface RotationPlan {
  readonly name: string;
  /** A fresh one for each run. */
  readonly rotation: () => Rotate;
  readonly logParameters?: string;
  /** The tool itself loses what is written between its copy and its truncation: only what is in a file counts. */
  readonly lossy?: boolean;
}

export const ROTATIONS = {
  lateSignal: {
    name: 'logrotate create, USR1 0.4 s later',
    rotation: () => logrotate({ directives: ['create'], signalAfter: 0.4 }),
  },
  nocreate: {
    name: 'logrotate nocreate, USR1 0.4 s later',
    rotation: () => logrotate({ directives: ['nocreate'], signalAfter: 0.4 }),
  },
  compress: {
    name: 'logrotate create, compress delaycompress',
    rotation: () => logrotate({ directives: ['create', 'compress', 'delaycompress'], signalAfter: 0 }),
  },
  copytruncate: {
    name: 'logrotate copytruncate',
    rotation: () => logrotate({ directives: ['copytruncate'] }),
    lossy: true,
  },
  copytruncateCompress: {
    name: 'logrotate copytruncate, compress',
    rotation: () => logrotate({ directives: ['copytruncate', 'compress'] }),
    lossy: true,
  },
  reopen: { name: 'nginx -s reopen', rotation: renameAndReopen },
  buffered: {
    name: 'logrotate create, USR1 0.4 s later, buffer=16k flush=1s',
    rotation: () => logrotate({ directives: ['create'], signalAfter: 0.4 }),
    logParameters: 'buffer=16k flush=1s',
  },
  apisix: { name: 'APISIX log-rotate: dated prefix, .tar.gz 0.5 s after USR1', rotation: apisixLogRotate },
} as const satisfies Record<string, RotationPlan>;

export interface RunOptions {
  readonly during: While;
  readonly rotations: number;
  /** At least so many lines in each generation. */
  readonly lines: number;
  readonly perSecond?: number;
  /** Goes through it again and again for so long; once by default. */
  readonly forMs?: number;
  readonly patienceMs?: number;
}

export interface RotationOutcome extends Outcome {
  /** Requests that the gateway answered. */
  readonly sent: number;
  /** What the daemon, in all its lives, said that could not be read any more. */
  readonly reportedLost: readonly LogEntry[];
}

const OUTAGE = { kind: 'answer', status: 503 } as const;

export async function rotate(plan: RotationPlan, options: RunOptions): Promise<RotationOutcome> {
  const { during, rotations, lines, perSecond = Infinity, forMs = 0, patienceMs } = options;
  const { logParameters } = plan;
  await using s = await Scenario.start({
    workerProcesses: 2,
    ...(logParameters === undefined ? {} : { logParameters }),
  });
  if (during === 'full') await s.configure({ spool: { max_bytes: 1024 * 1024 } });
  const { gateway, sandbox } = s;
  const turn = plan.rotation();
  let daemon = await Daemon.start(s.config);
  const lives = [daemon];
  let sent = 0;
  const underLoad = async (work: () => Promise<unknown>): Promise<void> => {
    const during = await loadDuring(gateway.url, work, { perSecond });
    sent += during;
  };
  const rotateSeveralTimes = async (): Promise<void> => {
    for (let done = 0; done < rotations; done++) {
      await sendRequests(gateway.url, lines);
      sent += lines;
      await turn(gateway);
    }
  };

  const began = performance.now();
  do {
    // It has read something before: it is to go on there.
    if (during !== 'running') await underLoad(() => sandbox.store.stored(sandbox.store.size + 1));
    if (during === 'stopped') daemon.signal('SIGSTOP');
    if (during === 'down') await daemon.kill();
    if (during === 'full') {
      await statusWhen(s.config, ({ spool }) => spool.paused.length === 0);
      sandbox.faults.always(OUTAGE);
      await underLoad(() => statusWhen(s.config, ({ spool }) => spool.paused.includes('full')));
    }
    await underLoad(rotateSeveralTimes);
    if (during === 'stopped') daemon.signal('SIGCONT');
    if (during === 'down') lives.push((daemon = await Daemon.start(s.config)));
    sandbox.faults.clear();
  } while (performance.now() - began < forMs);

  const outcome = await settle(s, daemon, patienceMs);
  const reportedLost = lives.flatMap(({ log }) => log).filter(({ event }) => event === 'lines_lost');
  return { ...outcome, sent, reportedLost };
}

/** Everything that is wrong with a run, as sentences; none for a good one. */
export function faultsOf({ lossy = false }: Pick<RotationPlan, 'lossy'>, outcome: RotationOutcome): string[] {
  const { sent, lost, imbalances, reportedLost } = outcome;
  if (lossy) return lost.length > 0 ? [...imbalances, `${lost.length} lines were lost`] : [...imbalances];
  const wrong = problemsOf(outcome, sent);
  if (reportedLost.length > 0) wrong.push(`said to be lost: ${JSON.stringify(reportedLost[0])}`);
  return wrong;
}
