/** What an audit finds: differences between the books and what is really there, and notes. */
import type { SourceCounts } from '../types.ts';

/** Something that is not as it must be. */
export interface Difference {
  /** What it is about: a source, a generation, a destination, a folder. */
  readonly scope: string;
  readonly what: string;
  readonly expected: string | number;
  readonly found: string | number;
}

/** One generation, and whether its lines could be read again. */
export interface AuditedGeneration {
  readonly source: string;
  /** Where it was found, or where it was last seen. */
  readonly path: string;
  readonly fingerprint: string;
  readonly start: number;
  readonly offset: number;
  readonly counts: Readonly<SourceCounts>;
  readonly checked: boolean;
  /** Why it was not checked. */
  readonly reason?: string;
}

export interface AuditReport {
  readonly differences: readonly Difference[];
  /** What an operator should know, and that is no difference. */
  readonly notes: readonly string[];
  readonly generations: readonly AuditedGeneration[];
}

/** Collects a report. */
export class Findings implements AuditReport {
  readonly differences: Difference[] = [];
  readonly notes: string[] = [];
  readonly generations: AuditedGeneration[] = [];

  differ(difference: Difference): void {
    this.differences.push(difference);
  }

  compare(scope: string, what: string, expected: number, found: number): void {
    if (expected !== found) this.differ({ scope, what, expected, found });
  }

  note(text: string): void {
    this.notes.push(text);
  }
}
