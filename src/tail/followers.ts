/** Makes the followers of all sources, each of which knows of the others. */
import type { Reporter } from '../observe/events.ts';
import type { GenerationPosition, LineConsumer } from '../types.ts';
import { ReadBuffer } from './line-reader.ts';
import type { IgnoredBook, OtherSources, TailSource } from './setup.ts';
import { SourceFollower } from './source.ts';

export interface FollowerOptions {
  /** In configuration order: the first one that matches a file owns it. */
  readonly sources: readonly TailSource[];
  /** The known generations of each source (by its path), oldest first. */
  readonly positions: ReadonlyMap<string, readonly GenerationPosition[]>;
  readonly consumer: LineConsumer;
  readonly reporter: Reporter;
  /** When the daemon started, Unix milliseconds: what was rotated since is to be read. Now, by default. */
  readonly startedMs?: number;
  /** Memory of READ_BYTES that lines are to be read into. */
  readonly readInto?: Buffer;
  /** Remembers nothing by default. */
  readonly ignored?: IgnoredBook;
}

const NOTHING_IGNORED: IgnoredBook = {
  of: () => [],
  keep: () => Promise.resolve(),
  isReplayed: () => Promise.resolve(false),
  command: (_source, path) => `tailmeter replay ${path}`,
};

const NS_PER_MS = 1_000_000n;

const elapsed = (): number => performance.now();

/** In the order of the sources. They share one buffer: no two of them may be at work at any time. */
export function followersFor(options: FollowerOptions): SourceFollower[] {
  const { sources, positions, consumer, reporter, ignored = NOTHING_IGNORED } = options;
  const buffer = new ReadBuffer(options.readInto);
  const startedNs = BigInt(options.startedMs ?? Date.now()) * NS_PER_MS;
  const followers: SourceFollower[] = [];
  for (const source of sources) {
    const known = positions.get(source.path) ?? [];
    const others = otherSources(followers, followers.length);
    const shared = { consumer, reporter, buffer, startedNs, elapsed, others, ignored };
    followers.push(new SourceFollower({ ...shared, source, positions: known }));
  }
  return followers;
}

function otherSources(followers: readonly SourceFollower[], own: number): OtherSources {
  const others = (): SourceFollower[] => followers.filter((_, index) => index !== own);
  return {
    holderOf: (key) =>
      others().reduce<string | undefined>((path, other) => path ?? other.holderOf(key), undefined),
    follows: (at) => others().some((other) => other.follows(at)),
    matches: (at) => others().some((other) => other.matches(at)),
    readUpTo: async (sighting) =>
      Math.max(0, ...(await Promise.all(others().map((other) => other.readUpTo(sighting))))),
  };
}
