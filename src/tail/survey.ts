/**
 * What a start would read now: the sources look at their folders once, with the very parts that follow them, and
 * nothing is read, reported or changed. For `status` and `audit` while no daemon tells.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { LineConsumer, SourceSurvey } from '../types.ts';
import { followersFor, type FollowerOptions } from './followers.ts';
import type { IgnoredBook } from './setup.ts';
import type { SourceFollower } from './source.ts';

/** Files are on the move under rotation, and the first look may come in between. */
const LOOKS = 4;
const PAUSE_MS = 250;

/** Takes nothing; what is refused stays as it is. */
const nobody: LineConsumer = {
  lines: () => refused(),
  oversize: () => refused(),
  ended: () => refused(),
};

const refused = (): Promise<never> => Promise.reject(new Error('nothing is read in a survey'));

export interface SurveyOptions extends Pick<FollowerOptions, 'sources' | 'positions'> {
  /** What is known of ignored files. */
  readonly remembered?: Pick<IgnoredBook, 'of' | 'isReplayed'>;
}

/** By path of the source. Never rejects for a file: what cannot be looked at is told. */
export async function survey({
  sources,
  positions,
  remembered,
}: SurveyOptions): Promise<ReadonlyMap<string, SourceSurvey>> {
  const reporter = { report: () => {} };
  const ignored: IgnoredBook = {
    of: (source) => remembered?.of(source) ?? [],
    isReplayed: (file) => remembered?.isReplayed(file) ?? Promise.resolve(false),
    keep: () => Promise.resolve(),
    command: () => '',
  };
  const followers = followersFor({ sources, positions, consumer: nobody, reporter, ignored });
  const surveys = new Map<string, SourceSurvey>();
  try {
    let unclear = followers;
    for (let looks = 0; looks < LOOKS && unclear.length > 0; looks++) {
      if (looks > 0) await delay(PAUSE_MS);
      const next: SourceFollower[] = [];
      for (const follower of followers) await follower.expand();
      for (const follower of unclear) {
        await follower.look();
        const found = follower.survey();
        surveys.set(follower.path, found);
        if (found.unknown.length > 0) next.push(follower);
      }
      unclear = next;
    }
  } finally {
    for (const follower of followers) await follower.close();
  }
  return surveys;
}
