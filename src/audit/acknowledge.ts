/** Takes note of losses: from then on they are no differences. Works while a daemon runs, which sees it at once. */
import { stateDirError, UsageError } from '../errors.ts';
import type { Loss } from '../loss.ts';
import { acknowledge } from '../spool/acknowledged.ts';
import { diskFs } from '../spool/state-fs.ts';
import { takeSnapshot } from './snapshot.ts';

/**
 * @returns the losses, as they stand in the books
 * @throws UsageError when there is no such loss; StateDirError when the note cannot be written
 */
export async function acknowledgeLosses(stateDir: string, ids: readonly string[]): Promise<readonly Loss[]> {
  const { ledger } = await takeSnapshot(diskFs, stateDir);
  const losses = ledger.losses.list();
  const unknown = ids.filter((id) => !losses.some((loss) => loss.id === id));
  if (unknown.length > 0) {
    const known = losses.length === 0 ? 'none' : losses.map(({ id }) => id).join(', ');
    throw new UsageError(`no loss has the id ${unknown.join(', ')}; the books have: ${known}`);
  }
  try {
    await acknowledge(stateDir, ids, Date.now());
  } catch (error) {
    throw stateDirError(stateDir, error);
  }
  return losses.filter(({ id }) => ids.includes(id));
}
