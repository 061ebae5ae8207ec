/**
 * How many logs may be open at once: the process has so many descriptors, and without some of them for the queue and the
 * network nothing that is read could be made durable, delivered or told. As many logs as fit are followed.
 */
import { readFileSync } from 'node:fs';

/** For the state, the network, searches, and what Node itself has open. */
const KEPT_FREE = 96;

let held = 0;
let most: number | undefined;

export function holdDescriptor(): void {
  held++;
}

export function releaseDescriptor(): void {
  held--;
}

/** @throws an error as of the system (EMFILE) when one more log would take what is kept free */
export function assertRoomForLog(): void {
  most ??= mostLogs();
  if (held < most) return;
  const message = `EMFILE: ${held} logs are open, and no more fit in the open files that this process may have; raise the limit (ulimit -n, LimitNOFILE=)`;
  throw Object.assign(new Error(message), { code: 'EMFILE' });
}

function mostLogs(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const limit = Number(/^Max open files +(?<soft>\d+)/m.exec(limits)?.groups?.['soft'] ?? Infinity);
    return limit - Math.min(KEPT_FREE, Math.floor(limit / 2));
  } catch {
    return Infinity;
  }
}
