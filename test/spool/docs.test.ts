/** The commands that docs/spool.md shows must work on what the spool writes. */
import { execFile } from 'node:child_process';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseChunkName } from '../../src/spool/layout.ts';
import { logOf, World } from './support/world.ts';

const run = promisify(execFile);
const page = await readFile(new URL('../../docs/spool.md', import.meta.url), 'utf8');
const commands = [...page.matchAll(/```sh\n(?<block>.*?)```/gs)]
  .flatMap(({ groups }) => groups?.['block']?.split('\n') ?? [])
  .filter((line) => line !== '' && !line.startsWith('#'));

let world: World;
beforeEach(async () => {
  world = await World.create();
  const first = await world.boot();
  await first.read(logOf('a.log', ['a1 0', 'a2 d', 'a3 r']));
  await first.spool.flush();
  await first.shipAll();
  await first.read(logOf('b.log', ['b1 0', 'b2 01'], { ino: '8' }));
  await first.spool.flush();
  await first.spool.close();
  const folder = join(world.stateDir, 'spool', 'lago');
  const name = (await world.files('spool')).find((file) => parseChunkName(file)?.events === 2) ?? '';
  await rename(join(folder, name), join(folder, `0000000000000042${name.slice(16)}`));
});
afterEach(() => world.remove());

describe('docs/spool.md', () => {
  test('shows commands', () => {
    expect(commands.length).toBeGreaterThan(8);
  });

  test.each(commands)('works: %s', async (command) => {
    const { stdout, stderr } = await run('bash', ['-o', 'pipefail', '-c', command], { cwd: world.stateDir });
    expect(stderr).toBe('');
    // Nothing in this small world belongs to a subscription.
    expect(stdout).toMatch(command.includes('subscription') ? /^$/ : /./);
  });
});
