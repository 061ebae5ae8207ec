/** Tells the losses that stand in the books: each that nobody has acknowledged is a difference. */
import { Acknowledged } from '../spool/acknowledged.ts';
import type { Loss } from '../loss.ts';
import type { Findings } from './findings.ts';
import type { Snapshot } from './snapshot.ts';

export function tellLosses({ ledger }: Snapshot, stateDir: string, findings: Findings): void {
  for (const loss of new Acknowledged(stateDir).mark(ledger.losses.list())) {
    findings.losses.push(loss);
    if (loss.acknowledged !== null) continue;
    const { id, kind, source, destination, reason } = loss;
    const scope = kind === 'lines' ? `source ${source}` : `destination ${destination}`;
    findings.differ({
      scope,
      what: `loss ${id}: ${placeOf(loss)}`,
      expected: 'delivered',
      found: `lost: ${reason}`,
    });
  }
}

function placeOf({ events, path, from, to }: Loss): string {
  const range =
    from === undefined ? '' : `bytes ${from} ${to === undefined ? 'on' : `to ${to}`} of ${path ?? 'a log'}`;
  return events === undefined ? range : `${events} events${range === '' ? '' : ` from ${range}`}`;
}
