import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeadLetter } from '../../src/types.ts';

/** Every dead letter below a state directory, as jq would read them. */
export async function readDeadLetters(stateDir: string): Promise<DeadLetter[]> {
  const folder = join(stateDir, 'dead');
  const letters: DeadLetter[] = [];
  for (const name of (await readdir(folder)).toSorted()) {
    const lines = (await readFile(join(folder, name), 'utf8')).split('\n').filter((line) => line !== '');
    for (const line of lines) letters.push(JSON.parse(line) as DeadLetter);
  }
  return letters;
}
