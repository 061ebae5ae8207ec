/** `tailmeter preview`: the events that logs would give, on stdout; what became of the lines, on stderr. */
import { once } from 'node:events';
import { glob } from 'node:fs/promises';
import { preview, type PreviewSummary } from '../preview.ts';
import { readConfig } from './config-file.ts';
import { pairWithSources } from './logs.ts';

export async function previewLogs(
  file: string,
  logs: readonly string[],
  source: string | undefined,
): Promise<number> {
  const config = await readConfig(file);
  const current = await Array.fromAsync(glob(config.sources.map(({ path }) => path)));
  const files = pairWithSources(config, logs.length > 0 ? logs : current.toSorted(), source);
  const summary = await preview({ config }, files, async (events) => {
    if (!process.stdout.write(Buffer.from(events))) await once(process.stdout, 'drain');
  });
  process.stderr.write(summaryText(summary));
  return 0;
}

/** The summary for a person, several lines. */
export function summaryText({ lines, events, skipped, dead, reasons }: PreviewSummary): string {
  const letters = [...reasons].map(
    ([reason, { count, example }]) => `  ${reason}: ${count}, the first at ${example}\n`,
  );
  return `${lines} lines, ${events} events, ${skipped} skipped, ${dead} dead letters\n${letters.join('')}`;
}
