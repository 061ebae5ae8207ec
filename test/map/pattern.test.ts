import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../src/map/pattern.ts';

function matches(source: string, text: string, ignoreCase = false): boolean {
  const pattern = compilePattern(source, ignoreCase);
  if (typeof pattern === 'string') throw new Error(pattern);
  return pattern(text);
}

describe('a pattern', () => {
  it.each([
    ['^/v1/', '/v1/x', true],
    ['^/v1/', 'x/v1/', false],
    ['/v1/', 'x/v1/y', true],
    ['\\.php$', '/a.php', true],
    ['\\.php$', '/a.php?x', false],
    ['^a$', 'a', true],
    ['^a$', 'a\n', false],
    ['^\\$a\\.b$', '$a.b', true],
    ['', 'anything', true],
    ['^/v[12]/(chat|embeddings)$', '/v2/chat', true],
    ['[[:digit:]]+', 'a1', true],
    ['\\d{3}', '12', false],
    ['é.😀', 'aéx😀', true],
  ])('%s of %s: %s', (source, text, expected) => {
    expect(matches(source, text)).toBe(expected);
  });

  it('that is literal matches as the automaton does', () => {
    const piece = fc.constantFrom('a', 'b', '/', '\\.', '\\/', '-', ' ');
    const source = fc
      .tuple(fc.constantFrom('', '^'), fc.array(piece, { maxLength: 4 }), fc.constantFrom('', '$'))
      .map(([start, pieces, end]) => start + pieces.join('') + end);
    const text = fc.array(fc.constantFrom('a', 'b', '/', '.', '-', ' ')).map((parts) => parts.join(''));
    fc.assert(
      fc.property(source, text, (source, text) => {
        expect(matches(source, text)).toBe(RegExp(source).test(text));
        expect(matches(`(?:${source})`, text)).toBe(RegExp(source).test(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('ignores case when it should', () => {
    expect(matches('^/API/', '/api/x', true)).toBe(true);
    expect(matches('^/API/', '/api/x')).toBe(false);
  });

  it('that sends a backtracking engine into the night answers at once', () => {
    expect(matches('^(a+)+$', `${'a'.repeat(50_000)}!`)).toBe(false);
    expect(matches('(x+x+)+y', 'x'.repeat(50_000))).toBe(false);
  });

  it.each([
    ['[', 'not a regular expression of JavaScript'],
    ['(?i)a', 'not a regular expression of JavaScript'],
    ['(?=a)b', 'no lookahead or lookbehind'],
    ['(?<!a)b', 'no lookahead or lookbehind'],
    ['(a)\\1', 'cannot run in linear time (RE2)'],
    ['(?<n>a)\\k<n>', '\\k does not mean the same'],
    ['a\\Z', '\\Z does not mean the same'],
    ['\\Aa', '\\A does not mean the same'],
    ['a{0,5000}', 'cannot run in linear time (RE2)'],
  ])('%s is refused: %s', (source, message) => {
    expect(compilePattern(source, false)).toContain(message);
  });
});
