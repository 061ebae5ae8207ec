import { describe, expect, it } from 'vitest';
import { checkRules } from '../../src/map/check.ts';
import { Twins } from './fast/harness.ts';
import { property, rule } from './harness.ts';

const twins = new Twins({
  rules: [rule({ event_transaction_id: 'r-${id}', event_subscription_id: 'cus_${sub}${more}' })],
  match: 'all',
  destinations: ['lago'],
  format: 'json',
});

/** What becomes of a line with this subscription, which is JSON as latin1 text. */
function withSubscription(json: string, id = '"i"', more = '""'): string {
  const line = Buffer.from(`{"id":${id},"sub":${json},"more":${more},"t":1795193078.5}`, 'latin1');
  // Twice, so that the second one takes the fastest path.
  for (const text of ['{"id":"i","sub":"s","more":"","t":1795193078.5}', line]) {
    const { fast, plain } = twins.map(text);
    expect(fast).toEqual(plain);
    if (text === line) return fast.dead[0]?.reason ?? fast.outcome;
  }
  throw new Error('unreachable');
}

describe('a subscription with a character that no id may hold is a dead letter', () => {
  it.each([
    ['a byte that is not UTF-8', '"Zo\u00eb"'],
    ['the same as NGINX escapes it', String.raw`"Zo\xEB"`],
    ['half of a sequence', '"Zo\u00c3"'],
    ['U+FFFD as it stands', '"Zo\u00ef\u00bf\u00bd"'],
    ['U+FFFD escaped', String.raw`"Zo\ufffd"`],
    ['NUL', String.raw`"Zo\u0000"`],
    ['NUL as NGINX escapes it', String.raw`"Zo\x00"`],
    ['a tab', String.raw`"Zo\tx"`],
    ['a newline', String.raw`"Zo\nx"`],
    ['another control character', String.raw`"Zo\u001b"`],
    ['DEL', '"Zo\u007f"'],
    ['DEL far behind', `"${'x'.repeat(40)}\u007f"`],
    ['DEL escaped', String.raw`"Zo\u007f"`],
    ['a C1 control character', '"Zo\u00c2\u0085"'],
    ['the same escaped', String.raw`"Zo\u0085"`],
    ['half a character', String.raw`"Zo\ud83d"`],
    ['the other half', String.raw`"Zo\ude00"`],
  ])('%s', (_, json) => {
    expect(withSubscription(json)).toBe('invalid_subscription');
    expect(withSubscription('"s"', json)).toBe('invalid_transaction_id');
  });

  it('and any other is not', () => {
    for (const json of [
      '"Zo\u00c3\u00ab"',
      String.raw`"Zo\xC3\xAB"`,
      String.raw`"Zo\u00eb"`,
      '"\u00c2\u00a0x"',
      '"\u00ef\u00bf\u00bcx"',
      String.raw`"a\"b\\c\/d"`,
      String.raw`"\ud83d\ude00"`,
      '"x y"',
      '7',
      'true',
    ]) {
      expect([json, withSubscription(json)]).toEqual([json, 'mapped']);
    }
  });

  it('literal text and variables count as a whole', () => {
    expect(withSubscription(String.raw`"\ud83d"`, '"i"', String.raw`"\ude00"`)).toBe('mapped');
    expect(withSubscription(String.raw`"\ude00"`, '"i"', String.raw`"\ud83d"`)).toBe('invalid_subscription');
  });

  it('and the message names the character', () => {
    const { plain } = twins.map(String.raw`{"id":"i","sub":"Zo\u0000","t":1}`);
    expect(plain.dead[0]?.message).toBe(
      String.raw`external_subscription_id "cus_Zo\u0000" holds U+0000, a control character`,
    );
  });
});

it('a property takes the same characters: NUL, bytes that are not UTF-8 and halves become U+FFFD, also in what is nested', () => {
  expect(property('${v}', String.raw`{"v":"a\u0000b\ud83d"}`)).toBe('"a\ufffdb\ufffd"');
  expect(property('x${v}', String.raw`{"v":"a\x00\xFF"}`)).toBe('"xa\ufffd\ufffd"');
  // Escaped once more: text for whoever reads the value as JSON.
  expect(property('${v}', String.raw`{"v":{"k\u0000":"\ud83d"}}`)).toBe(
    String.raw`"{\"k\\u0000\":\"\\ud83d\"}"`,
  );
});

it('a configuration cannot have such an id, code or default', () => {
  const problems = checkRules({
    sources: [],
    rules: [
      rule({
        event_code: 'a\0',
        event_transaction_id: '${id ?? a\u007f}',
        event_subscription_id: '\ufffd${x}',
      }),
    ],
    match: 'all',
  });
  expect(problems.map(({ path }) => path)).toEqual([
    'rules[0].event_code',
    'rules[0].event_transaction_id',
    'rules[0].event_subscription_id',
  ]);
});
