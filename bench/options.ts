/** What the commands of this folder take. */
import { InvalidArgumentError } from 'commander';

/** A whole number from 1 on. */
export function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('expected a whole number from 1 on');
  return value;
}
