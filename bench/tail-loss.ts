/**
 * `npm run bench:tail-loss`: how many lines get lost when a log is rotated under load, by `tail-file`,
 * `@logdna/tail-file` and tailmeter's tailer. Real NGINX with two workers, real logrotate; one tailer at a time, in a
 * process of its own, so that none slows down another. Writes the section "Tail loss" of RESULTS.md.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startGateway } from '../src/demo/gateway.ts';
import { requestIdsIn } from '../test/support/ids.ts';
import { loadDuring, sendRequests } from '../test/support/load.ts';
import { ROTATIONS, type RotationPlan } from '../test/support/rotation-run.ts';
import { writeSection } from './results.ts';
import { Follower, FOLLOWERS, type FollowerName } from './tail-loss/follower.ts';

const ROUNDS = 8;
/** The life of a generation: longer than the poll of any of them (1 s by default), so that each can be seen. */
const LIFE_MS = 2500;
const PER_SECOND = 10_000;

const { lateSignal, nocreate, compress, reopen, buffered, copytruncate, apisix } = ROTATIONS;
const PLANS: readonly RotationPlan[] = [
  lateSignal,
  nocreate,
  compress,
  reopen,
  buffered,
  apisix,
  copytruncate,
];

interface Loss {
  readonly written: number;
  readonly lost: number;
  /** Delivered more than once. */
  readonly doubled: number;
}

const rows: string[][] = [];
for (const plan of PLANS) {
  const cells: string[] = [];
  for (const name of FOLLOWERS) {
    const { written, lost, doubled } = await measure(plan, name);
    const twice = doubled > 0 ? `, ${format(doubled)} doubled` : '';
    cells.push(`${format(lost)} of ${format(written)}${twice}`);
    console.info(`${plan.name}: ${name}: ${cells.at(-1)}`);
  }
  rows.push([plan.name, ...cells]);
}
await writeSection(
  'Tail loss',
  `Lines lost of lines written, in ${ROUNDS} rotations under load (NGINX with two workers, at most ${format(PER_SECOND)} lines a second, ${LIFE_MS / 1000} s from rotation to rotation); \`npm run bench:tail-loss\`. With copytruncate, what logrotate itself loses between copy and truncation counts as not written.`,
  ['rotation', ...FOLLOWERS],
  rows,
);

async function measure(plan: RotationPlan, name: FollowerName): Promise<Loss> {
  const directory = await mkdtemp(join(tmpdir(), 'tailmeter-tail-loss-'));
  const { logParameters } = plan;
  const gateway = await startGateway({
    directory,
    prefer: 'nginx',
    workerProcesses: 2,
    ...(logParameters === undefined ? {} : { logParameters }),
  });
  try {
    const rotate = plan.rotation();
    // Not empty, and not rotated before it is followed: that is not the subject.
    await sendRequests(gateway.url, 100);
    await using follower = await Follower.start(name, gateway.logFile);
    await loadDuring(
      gateway.url,
      async () => {
        for (let round = 0; round < ROUNDS; round++) {
          await delay(LIFE_MS);
          await rotate(gateway);
        }
      },
      { perSecond: PER_SECOND },
    );
    await gateway.stop();
    const written = new Set(await requestIdsIn(dirname(gateway.logFile)));
    const read = await follower.finish(written);
    const seen = new Set(read);
    return {
      written: written.size,
      lost: written.difference(seen).size,
      doubled: read.length - seen.size,
    };
  } finally {
    await gateway.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

function format(count: number): string {
  return count.toLocaleString('en');
}
