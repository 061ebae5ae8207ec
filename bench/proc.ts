/** What the kernel says about a process: CPU time, peak memory. Linux only. */
import { readFileSync } from 'node:fs';

export interface Usage {
  /** Seconds of all its threads, user and system. */
  readonly cpuSeconds: number;
  readonly userSeconds: number;
  /** Peak resident set so far, MiB. */
  readonly peakMiB: number;
  /** Resident set now, MiB. */
  readonly residentMiB: number;
}

/** The kernel counts CPU time in ticks of 10 ms, on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name, in parentheses, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const user = Number(fields[11]) / TICKS_PER_SECOND;
  return {
    cpuSeconds: user + Number(fields[12]) / TICKS_PER_SECOND,
    userSeconds: user,
    peakMiB: kibibytes(status, 'VmHWM') / 1024,
    residentMiB: kibibytes(status, 'VmRSS') / 1024,
  };
}

const kibibytes = (status: string, key: string): number =>
  Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN);
