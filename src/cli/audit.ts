/** `tailmeter audit`: compares the books with the logs, the queue, the dead letters and Lago. */
import { acknowledgeLosses } from '../audit/acknowledge.ts';
import { audit } from '../audit/audit.ts';
import type { AuditedGeneration, AuditReport } from '../audit/findings.ts';
import { systemClock } from '../clock.ts';
import { readConfig, readConfigWithSecrets } from './config-file.ts';
import { lossText } from './loss-text.ts';
import { VERSION } from './version.ts';

/**
 * @param online Ask Lago, too.
 * @returns 0: no difference, and everything could be looked at; 1: not so
 */
export async function auditBooks(
  file: string,
  { online, json }: { online: boolean; json: boolean },
): Promise<number> {
  const config = await (online ? readConfigWithSecrets : readConfig)(file);
  const report = await audit({
    config,
    ...(online ? { online: { clock: systemClock, userAgent: `tailmeter/${VERSION}` } } : {}),
  });
  process.stdout.write(json ? `${JSON.stringify(report, undefined, 2)}\n` : reportText(report));
  return report.differences.length === 0 && report.unknown.length === 0 ? 0 : 1;
}

/** Takes note of these losses, and of nothing else. */
export async function acknowledgeInBooks(file: string, ids: readonly string[]): Promise<number> {
  const { state_dir: stateDir } = await readConfig(file);
  const losses = await acknowledgeLosses(stateDir, ids);
  process.stdout.write(losses.map((loss) => `acknowledged ${lossText(loss)}\n`).join(''));
  return 0;
}

function reportText({ differences, notes, generations, unread, unknown, losses }: AuditReport): string {
  const rows = [
    ...generations.map(generationText),
    ...unread.map(unreadText),
    ...losses
      .filter(({ acknowledged }) => acknowledged !== null)
      .map((loss) => `acknowledged ${loss.acknowledged}: ${lossText(loss)}`),
    ...notes.map((note) => `note: ${note}`),
    ...unknown.map(({ path, reason }) => `could not look at ${path}: ${reason}`),
  ];
  if (rows.length > 0) rows.push('');
  if (differences.length > 0) {
    const cells = differences.map(({ scope, what, expected, found }) => [
      scope,
      what,
      `${expected}`,
      `${found}`,
    ]);
    rows.push(...table([['scope', 'what', 'expected', 'found'], ...cells]), '');
  }
  rows.push(verdictText(differences.length, unknown.length));
  if (losses.some(({ acknowledged }) => acknowledged === null)) {
    rows.push('losses: replay a copy if there is one; then: tailmeter audit --acknowledge ID');
  }
  return `${rows.join('\n')}\n`;
}

function verdictText(differences: number, unknown: number): string {
  const count = differences === 0 ? 'no' : `${differences}`;
  const verdict = `${count} ${differences === 1 ? 'difference' : 'differences'}`;
  return unknown === 0 ? verdict : `${verdict} in what could be looked at; ${unknown} could not, see above`;
}

function unreadText({ path, offset, size, state }: AuditReport['unread'][number]): string {
  return `unread: ${path}, bytes ${offset} ${size === null ? 'on' : `to ${size}`} (${state})`;
}

function generationText({ path, start, offset, counts, checked, reason }: AuditedGeneration): string {
  const { lines, skipped, dead, mapped } = counts;
  return (
    `${checked ? 'checked' : 'not checked'}: ${path}, bytes ${start} to ${offset}: ` +
    `${lines} lines = ${skipped} skipped + ${dead} dead + ${mapped} mapped${reason === undefined ? '' : ` (${reason})`}`
  );
}

/** Columns that stand below each other. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
