/** `tailmeter preview`: the events that logs would give, on stdout; what became of the lines, on stderr. */
import { once } from 'node:events';
import { glob } from 'node:fs/promises';
import type { Config } from '../config/types.ts';
import { preview, type PreviewSummary } from '../preview.ts';
import { readConfig } from './config-file.ts';
import { pairWithSources } from './logs.ts';
import { refusePackedSources } from './packed-sources.ts';

export async function previewLogs(
  file: string,
  logs: readonly string[],
  { source, allowOld = false }: { readonly source?: string; readonly allowOld?: boolean },
): Promise<number> {
  const config = await readConfig(file);
  // What it shows is what `run` does.
  if (logs.length === 0) await refusePackedSources(file, config);
  const files = pairWithSources(config, logs.length > 0 ? logs : await currentLogs(config), source);
  const left = new AbortController();
  process.stdout.once('error', () => left.abort());
  try {
    const summary = await preview({ config, allowOld }, files, async (events) => {
      left.signal.throwIfAborted();
      if (!process.stdout.write(Buffer.from(events)))
        await once(process.stdout, 'drain', { signal: left.signal });
    });
    process.stderr.write(summaryText(summary));
  } catch (error) {
    // `preview | head`: who reads has seen enough.
    if (!left.signal.aborted) throw error;
  }
  return 0;
}

/** The logs of the configured sources as they are now; says which sources have none. */
async function currentLogs({ sources }: Config): Promise<string[]> {
  const found: string[] = [];
  for (const { path } of sources) {
    const logs = await Array.fromAsync(glob(path));
    if (logs.length === 0) process.stderr.write(`warning: ${path}: no such file, or no right to see it\n`);
    found.push(...logs);
  }
  return [...new Set(found)].toSorted();
}

/** The summary for a person, several lines. */
export function summaryText({ lines, events, skipped, dead, unverified, reasons }: PreviewSummary): string {
  const letters = [...reasons].map(
    ([reason, { count, example }]) => `  ${reason}: ${count}, the first at ${example}\n`,
  );
  const doubtful = unverified > 0 ? `  unverified: ${unverified} lines, of archives that are damaged\n` : '';
  return `${lines} lines, ${events} events, ${skipped} skipped, ${dead} dead letters\n${doubtful}${letters.join('')}`;
}
