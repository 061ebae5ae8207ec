/** What an audit finds: differences between the books and what is really there, and notes. */
import type { LossStatus } from '../spool/acknowledged.ts';
import type { ReadProgress, SourceCounts, Unknown } from '../types.ts';

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

/** Something that could not be looked at, and the source that it matters to. */
export interface Unseen extends Unknown {
  readonly source: string;
}

export interface AuditReport {
  readonly differences: readonly Difference[];
  /** What an operator should know, and that is no difference. */
  readonly notes: readonly string[];
  readonly generations: readonly AuditedGeneration[];
  /** What the books have not read yet, by generation. */
  readonly unread: readonly ReadProgress[];
  /** What could not be looked at: nothing is known of it, good or bad. */
  readonly unknown: readonly Unseen[];
  /** What will not be delivered, also what was acknowledged. Each that was not is a difference, too. */
  readonly losses: readonly LossStatus[];
}

/** Collects a report. */
export class Findings implements AuditReport {
  readonly differences: Difference[] = [];
  readonly notes: string[] = [];
  readonly generations: AuditedGeneration[] = [];
  readonly unread: ReadProgress[] = [];
  readonly losses: LossStatus[] = [];
  readonly #unknown = new Map<string, Unseen>();

  get unknown(): readonly Unseen[] {
    return [...this.#unknown.values()];
  }

  /** The first reason for each path counts. */
  unseen(thing: Unseen): void {
    const key = `${thing.source} ${thing.path}`;
    if (!this.#unknown.has(key)) this.#unknown.set(key, thing);
  }

  /** As JSON: a getter is no property of its own. */
  toJSON(): AuditReport {
    const { differences, notes, generations, unread, unknown, losses } = this;
    return { differences, notes, generations, unread, unknown, losses };
  }

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
