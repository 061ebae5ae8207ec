/** Many processes that start on one state directory at once, which somebody who died has left. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { askOwner } from '../../src/control/owner.ts';

const CLAIMANT = fileURLToPath(new URL('claimant.ts', import.meta.url));

export interface RoundsOptions {
  readonly rounds: number;
  /** Processes that start at once. */
  readonly starts: number;
}

/** What is wrong, as sentences: none when in each round exactly one of them had the directory. */
export async function claimAtOnce({ rounds, starts }: RoundsOptions): Promise<string[]> {
  const root = await mkdtemp(join(tmpdir(), 'tailmeter-rounds-'));
  const processes = Array.from({ length: starts }, () => fork(CLAIMANT));
  const wrong: string[] = [];
  try {
    await Promise.all(processes.map((one) => once(one, 'message')));
    for (let round = 1; round <= rounds; round++) {
      const stateDir = join(root, `${round}`);
      await leaveBehind(stateDir);
      const answers = await Promise.all(processes.map((one) => ask(one, stateDir)));
      const owners = answers.filter((answer) => answer === 'owned').length;
      const others = answers.filter((answer) => answer !== 'owned' && answer !== 'refused');
      if (owners !== 1) wrong.push(`round ${round}: ${owners} of ${starts} have the directory`);
      if (others.length > 0) wrong.push(`round ${round}: ${others[0]}`);
      if (owners === 1 && (await askOwner(stateDir)) === undefined)
        wrong.push(`round ${round}: the owner hides`);
      await Promise.all(processes.map((one) => ask(one, null)));
    }
    return wrong;
  } finally {
    for (const one of processes) one.kill('SIGKILL');
    await rm(root, { recursive: true, force: true });
  }
}

async function ask(one: ChildProcess, message: string | null): Promise<string> {
  one.send({ stateDir: message });
  const [answer] = (await once(one, 'message')) as [string];
  return answer;
}

/** Dead sockets: of an owner of 0.1.0 that was killed while it took over, and of one of now. */
async function leaveBehind(stateDir: string): Promise<void> {
  await mkdir(stateDir, { recursive: true });
  const server = createServer().listen(join(stateDir, 'bound'));
  await once(server, 'listening');
  const flag = 'daemon-0123456789ab-0.sock';
  await link(join(stateDir, 'bound'), join(stateDir, flag));
  if (Number(stateDir.at(-1)) % 2 === 0) await symlink(flag, join(stateDir, 'daemon.sock'));
  else await link(join(stateDir, 'bound'), join(stateDir, 'daemon.sock'));
  server.close();
  await once(server, 'close');
  const marker = join(stateDir, 'daemon.takeover');
  await writeFile(marker, '');
  const time = Date.now() / 1000 - 60;
  await utimes(marker, time, time);
}
