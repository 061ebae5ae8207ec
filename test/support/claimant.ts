/** A process that claims each directory that it is told, until it is told to give it up. */
import { ownStateDir, type StateOwner } from '../../src/control/owner.ts';
import { StateDirLockedError } from '../../src/errors.ts';

let owner: StateOwner | undefined;

async function answer(stateDir: string | null): Promise<string> {
  if (stateDir === null) {
    await owner?.release();
    owner = undefined;
    return 'released';
  }
  try {
    owner = await ownStateDir(stateDir, () => ({ pid: process.pid }));
    return 'owned';
  } catch (error) {
    return error instanceof StateDirLockedError ? 'refused' : String(error);
  }
}

process.on('message', ({ stateDir }: { readonly stateDir: string | null }) => {
  void answer(stateDir).then((text) => process.send?.(text));
});
process.send?.('ready');
