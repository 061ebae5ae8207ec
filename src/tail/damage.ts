/** What is wrong with an archive that cannot be read, for a person who may mend it. */
import { DamagedArchiveError } from '../errors.ts';
import { ArchiveContent } from './archive-content.ts';
import { openLog } from './content.ts';

/** Verifies all of it. */
export async function damageOf(path: string): Promise<Error> {
  try {
    const { content } = await openLog(path, 'read');
    try {
      await content.read(Buffer.allocUnsafe(1), 1, 0);
      if (content instanceof ArchiveContent && content.damage !== undefined) {
        return new DamagedArchiveError(content.damage);
      }
    } finally {
      await content.close();
    }
  } catch (error) {
    return error as Error;
  }
  return new Error('it cannot be told which log it is of');
}
