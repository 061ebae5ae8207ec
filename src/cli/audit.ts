/** `tailmeter audit`: compares the books with the logs, the queue, the dead letters and Lago. */
import { audit } from '../audit/audit.ts';
import type { AuditedGeneration, AuditReport } from '../audit/findings.ts';
import { systemClock } from '../clock.ts';
import { readConfig, readConfigWithSecrets } from './config-file.ts';
import { VERSION } from './version.ts';

/** @param online Ask Lago, too. */
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
  return report.differences.length === 0 ? 0 : 1;
}

function reportText({ differences, notes, generations }: AuditReport): string {
  const rows = [...generations.map(generationText), ...notes.map((note) => `note: ${note}`)];
  if (rows.length > 0) rows.push('');
  if (differences.length === 0) rows.push('no differences');
  else {
    const cells = differences.map(({ scope, what, expected, found }) => [
      scope,
      what,
      `${expected}`,
      `${found}`,
    ]);
    rows.push(...table([['scope', 'what', 'expected', 'found'], ...cells]));
    rows.push('', differences.length === 1 ? '1 difference' : `${differences.length} differences`);
  }
  return `${rows.join('\n')}\n`;
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
