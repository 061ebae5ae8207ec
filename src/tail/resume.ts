/** Where a finished log that was read before, perhaps in part, is read on. */
import type { Generation, GenerationPosition, GenerationStart } from '../types.ts';
import { agreeing } from './agreement.ts';
import type { Opened } from './comparison.ts';

/**
 * The very file, not only one that begins alike: to read a line again is harmless, to leave another log's lines out is
 * not. One of which nothing is known begins at 0, beside those that begin alike.
 * @param known what the books say at this moment @param open the log, from its beginning
 */
export async function resumeFinished(
  known: readonly GenerationPosition[],
  generation: Generation,
  open: () => Promise<Opened>,
): Promise<GenerationStart> {
  const alike = known.filter((position) => beginAlike(position, generation));
  const same = alike.filter(({ path }) => path === generation.path);
  const agreed = same.length === 0 ? [] : await compare(same, open);
  const position = agreed.toSorted((a, b) => a.offset - b.offset).at(-1);
  const twin = position === undefined ? next(alike) : position.twin;
  return {
    generation: twin === undefined ? generation : { ...generation, twin },
    offset: position?.offset ?? 0,
  };
}

async function compare(
  positions: readonly GenerationPosition[],
  open: () => Promise<Opened>,
): Promise<GenerationPosition[]> {
  const log = await open();
  try {
    return await agreeing(log.content, positions);
  } finally {
    await log.close();
  }
}

const next = (alike: readonly GenerationPosition[]): number | undefined =>
  alike.length === 0 ? undefined : Math.max(...alike.map(({ twin = 0 }) => twin)) + 1;

const beginAlike = (a: Generation, b: Generation): boolean =>
  a.fingerprint === b.fingerprint && a.dev === b.dev && a.ino === b.ino;
