import { expect, it } from 'vitest';
import { followedPath } from '../../src/tail/followed-path.ts';

it.each([
  ['/l/a.log', '/elsewhere/b.log', '/l/a.log'],
  ['/l/*.log', '/l/a.log', '/l/a.log'],
  ['/l/*.log', '/l/a.log.1', '/l/a.log'],
  ['/l/*.log', '/l/a.log.2.gz', '/l/a.log'],
  ['/l/*.log', '/l/a.log-20261120.gz', '/l/a.log'],
  ['/l/*.log', '/l/a-20261120.log', '/l/a.log'],
  ['/l/*.log', '/l/2026-11-20_15-00-00__a.log', '/l/a.log'],
  ['/l/*.log', '/l/2026-11-20_15-00-00__a.log.tar.gz', '/l/a.log'],
  ['/l/*.log', '/l/old/a.log.1', '/l/a.log'],
  ['/l/*.log', '/copies/b.log.1', '/l/b.log'],
  ['/l/a*', '/l/a.log.1.gz', '/l/a.log'],
  ['/l/*/access.log', '/l/x/access.log.3.gz', '/l/x/access.log'],
  ['/l/*/access.log', '/l/x/old/access.log.3', '/l/x/access.log'],
  ['/l/*.log', '/l/nothing.txt', '/l/nothing.txt'],
])('of %s, %s belongs to %s', (pattern, file, expected) => {
  expect(followedPath(pattern, file)).toBe(expected);
});
