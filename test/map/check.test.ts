import { describe, expect, it } from 'vitest';
import type { RuleConfig, SourceConfig } from '../../src/config/types.ts';
import { checkRules } from '../../src/map/check.ts';
import { rule } from './harness.ts';

const source = (format: SourceConfig['format']): SourceConfig => ({
  path: '/var/log/access.log',
  format,
  start_at: 'beginning',
  max_line_bytes: 1024,
  rotate_wait: 5,
  rotated: [],
  plausible_age: 1,
  plausible_future: 1,
});

function check(
  rules: RuleConfig[],
  format: SourceConfig['format'] = 'nginx',
  match: 'all' | 'first' = 'all',
): string[] {
  return checkRules({ sources: [source(format)], rules, match }).map(
    ({ path, message }) => `${path}: ${message}`,
  );
}

it('finds nothing wrong with rules that work', () => {
  expect(check([rule({ filter: [['status', '<', 400]], event_properties: { a: '${a}' } })])).toEqual([]);
});

it('finds every problem of a rule, with its place in the file', () => {
  const broken = rule({
    filter: [
      ['a', '==', 1],
      ['b', '?', 1],
      ['c', '~~', '('],
    ],
    event_transaction_id: '${',
    event_subscription_id: 'x${ }',
    event_timestamp: '${t',
    precise_total_amount_cents: '${',
    event_properties: { ok: 'x', bad: '${oops' },
  });
  expect(check([broken]).map((problem) => problem.slice(0, problem.indexOf(': ')))).toEqual([
    'rules[0].filter[1]',
    'rules[0].filter[2]',
    'rules[0].event_transaction_id',
    'rules[0].event_subscription_id',
    'rules[0].event_timestamp',
    'rules[0].precise_total_amount_cents',
    'rules[0].event_properties.bad',
    'rules[0].event_transaction_id',
  ]);
});

it('refuses an id that is the same for every line', () => {
  expect(check([rule({ event_transaction_id: 'call' })])).toEqual([
    expect.stringMatching(/^rules\[0\]\.event_transaction_id: every line would get the same id/),
  ]);
});

it('refuses a log_format that cannot work, and one without a time', () => {
  const { event_timestamp: _, ...timeless } = rule();
  expect(check([rule()], { log_format: '$a$b' })).toEqual([
    'sources[0].format.log_format: nothing separates $a from $b, so their values cannot be told apart',
  ]);
  expect(check([timeless], { log_format: '$remote_addr $status' })).toEqual([
    expect.stringMatching(
      /^rules\[0\]\.event_timestamp: required, because the lines of sources\[0\] have no time/,
    ),
  ]);
  expect(check([timeless], { log_format: '$remote_addr [$time_local]' })).toEqual([]);
  expect(check([timeless], 'json')).toHaveLength(1);
  expect(check([timeless], 'kong-file-log')).toEqual([]);
});

function pair(a: Partial<RuleConfig>, b: Partial<RuleConfig>, match: 'all' | 'first' = 'all'): string[] {
  return check([rule({ name: 'calls', ...a }), rule({ name: 'tokens', ...b })], 'nginx', match);
}

function ids(a: string, b: string): string[] {
  return pair({ event_transaction_id: a }, { event_transaction_id: b });
}

function filters(a: unknown[], b: unknown[]): string[] {
  return pair({ filter: a }, { filter: b });
}

describe('two rules that could give one line the same id', () => {
  it('are a problem that says what to do', () => {
    expect(ids('${log_id}', '${log_id}')).toEqual([
      'rules[1].event_transaction_id: a line that fits rules[0] too would get the same id from both, and Lago would keep only ' +
        'one of the events; make it differ, for example event_transaction_id: ${log_id}-tokens, or set match: first',
    ]);
  });

  it.each([
    ['${log_id}', '${log_id}-tokens'],
    ['${log_id}', 'tokens-${log_id}'],
    ['a-${x}', 'b-${x}'],
    ['a-${x}', 'b-${y}'],
    ['${x}-a', '${y}-b'],
    ['${log_id}', '${x}'],
    ['${x}${y}', '${y}-${x}'],
  ])('%s and %s cannot', (a, b) => {
    expect(ids(a, b)).toEqual([]);
  });

  it.each([
    ['${x}', '${y}'],
    ['${x}', '${x}'],
    ['$x', '${ x }'],
    ['a${x}', '${y}'],
    ['a-${x}', 'a-b-${y}'],
    ['${x}-b', '${y}-a-b'],
    ['${x ?? 1}', '${x ?? 12}-'],
    ['${x}${y}', '${y}${x}'],
    ['${x}-', '-${x}'],
    ['${log_id}-${x}', '${log_id}-${y}'],
  ])('%s and %s can, as far as one can prove', (a, b) => {
    expect(ids(a, b)).toHaveLength(1);
  });

  it('are none when their filters demand different values of one variable', () => {
    expect(
      filters(
        [['uri', '==', '/get']],
        [
          ['status', '<', 400],
          ['uri', '==', '/anything'],
        ],
      ),
    ).toEqual([]);
    expect(filters(['and', ['a', '==', 1], ['b', '==', 2]], [['a', '==', 2]])).toEqual([]);
    expect(filters([['a', '==', 1]], [['a', '==', 1]])).toHaveLength(1);
    expect(filters([['a', '==', 1]], [['b', '==', 2]])).toHaveLength(1);
    expect(filters([['a', '==', 1]], [['a', '==', '2']])).toHaveLength(1);
    expect(filters(['OR', ['a', '==', 1], ['b', '==', 1]], [['a', '==', 2]])).toHaveLength(1);
    expect(filters([['a', '!', '==', 1]], [['a', '==', 2]])).toHaveLength(1);
    expect(filters([['a', '~=', 1]], [['a', '==', 1]])).toHaveLength(1);
  });

  it('are none with match: first, or at different destinations', () => {
    expect(pair({}, {}, 'first')).toEqual([]);
    expect(pair({ to: 'a' }, { to: 'b' })).toEqual([]);
  });

  it('are told once for each rule', () => {
    expect(check([rule(), rule(), rule()])).toHaveLength(2);
  });
});
