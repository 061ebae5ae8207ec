import { describe, expect, it } from 'vitest';
import type { ConfigProblem } from '../../src/errors.ts';
import { compileFilter } from '../../src/map/filter.ts';
import { presetOf } from '../../src/map/presets.ts';
import { fits } from './harness.ts';

describe('one condition, as lua-resty-expr has it', () => {
  it.each<[unknown[], object, boolean]>([
    // ==
    [['k', '==', 'v'], { k: 'v' }, true],
    [['k', '==', 'v'], { k: 'w' }, false],
    [['k', '==', 'v'], {}, false],
    [['k', '==', 'v'], { k: null }, false],
    [['k', '==', 18], { k: '18' }, true],
    [['k', '==', 18], { k: ' 18.0 ' }, true],
    [['k', '==', 18], { k: '0x12' }, true],
    [['k', '==', 18], { k: 'aa' }, false],
    [['k', '==', 18], { k: '' }, false],
    [['k', '==', 18], {}, false],
    [['k', '==', '18'], { k: 18 }, true],
    [['k', '==', '18.0'], { k: 18 }, false],
    [['k', '==', true], { k: true }, true],
    [['k', '==', true], { k: 'true' }, false],
    [['k', '==', null], {}, true],
    [['k', '==', null], { k: 'v' }, false],
    [['k', '==', '[1]'], { k: [1] }, false],
    [['k', 'v'], { k: 'v' }, true],
    [['k', 'V'], { k: 'V' }, true],
    [['k', 5], { k: '5' }, true],
    // ~=
    [['k', '~=', 'v'], { k: 'v' }, false],
    [['k', '~=', 'v'], { k: 'w' }, true],
    [['k', '~=', 'v'], {}, true],
    [['k', '~=', 18], { k: '18' }, false],
    [['k', '~=', 18], { k: '16' }, true],
    [['k', '~=', 18], { k: 'aa' }, true],
    [['k', '~=', '18'], { k: '18' }, false],
    [['k', '~=', null], { k: 'v' }, true],
    [['k', '~=', null], {}, false],
    // order
    [['k', '>', 10], { k: '11' }, true],
    [['k', '>', 10], { k: 9 }, false],
    [['k', '>', 10], {}, false],
    [['k', '>', 10], { k: 'abc' }, false],
    [['k', '<', 10], { k: 'abc' }, false],
    [['k', '<', 10], { k: '0.1, 0.2' }, false],
    [['k', '<', 10], { k: null }, false],
    [['k', '<', 10], { k: true }, false],
    [['k', '<', 10], { k: [1] }, false],
    [['k', '>=', '2'], { k: '2' }, true],
    [['k', '>=', 3], { k: '2' }, false],
    [['k', '<=', '2'], { k: '3' }, false],
    [['k', '<=', 3], { k: 3 }, true],
    [['k', '<', '1e3'], { k: 999 }, true],
    // patterns
    [['k', '~~', '[a-z]'], { k: 'a' }, true],
    [['k', '~~', '[a-z]'], { k: '9' }, false],
    [['k', '~~', '[a-z]{1,4}'], {}, false],
    [['k', '~~', '^2'], { k: 200 }, true],
    [['k', '~~', '.'], { k: {} }, false],
    [['k', '~*', 'A'], { k: 'a' }, true],
    [['k', '~*', 'a'], { k: 'A' }, true],
    [['k', '~*', 'A'], { k: 'b' }, false],
    [['k', '~*', 'A'], { k: '' }, false],
    [['k', '~*', '[a-z]{1,4}'], {}, false],
    // lists
    [['k', 'in', ['1', '2']], { k: '2' }, true],
    [['k', 'in', ['1', '2']], { k: '4' }, false],
    [['k', 'in', ['1', '2']], {}, false],
    [['k', 'in', [200, 201]], { k: 200 }, true],
    [['k', 'in', [200, 201]], { k: '201' }, true],
    [['k', 'in', ['200']], { k: 200 }, true],
    [['k', 'in', []], { k: 200 }, false],
    [['k', 'has', 'a'], { k: ['b', 'a'] }, true],
    [['k', 'has', 'a'], { k: [] }, false],
    [['k', 'has', 'a'], { k: 'a' }, false],
    [['k', 'has', 'a'], {}, false],
    [['k', 'has', 1], { k: [1, 2] }, true],
    // addresses
    [['k', 'ipmatch', '127.0.0.1'], { k: '127.0.0.1' }, true],
    [['k', 'ipmatch', '127.0.0.0/16'], { k: '127.0.9.9' }, true],
    [['k', 'ipmatch', ['10.0.0.0/8', '2001:db8::/32']], { k: '2001:db8::1' }, true],
    [['k', 'ipmatch', ['10.0.0.0/8', '2001:db8::/32']], { k: '[2001:DB8::1]' }, true],
    [['k', 'ipmatch', ['10.0.0.0/8']], { k: '11.0.0.1' }, false],
    [['k', 'ipmatch', '10.0.0.0/8'], { k: '::ffff:10.1.2.3' }, true],
    [['k', 'ipmatch', '0.0.0.0/0'], { k: '8.8.8.8' }, true],
    [['k', 'ipmatch', '0.0.0.0/0'], { k: 'unix:' }, false],
    [['k', 'ipmatch', '0.0.0.0/0'], {}, false],
    [['k', 'ipmatch', '10.0.0.1'], { k: '10.0.0.1, 10.0.0.2' }, false],
    // "!"
    [['k', '!', '>', 10], { k: 11 }, false],
    [['k', '!', '>', 10], { k: 9 }, true],
    [['k', '!', '>', 10], {}, true],
    [['k', '!', 'in', [1, 2]], { k: 3 }, true],
    [['k', '!', 'has', 1], { k: [1, 2] }, false],
    [['k', '!', '~~', '[a-z]'], { k: '9' }, true],
    [['k', '!', 'ipmatch', '10.0.0.0/8'], { k: '10.0.0.1' }, false],
    // the case of operators
    [['k', 'HAS', 'a'], { k: ['a'] }, true],
    [['k', '!', 'In', ['a']], { k: 'a' }, false],
  ])('%j of %j: %s', (condition, fields, expected) => {
    expect(fits([condition], fields)).toBe(expected);
  });

  it('null asks whether there is a value, which NGINX writes as nothing or -', () => {
    const options = { format: 'nginx' } as const;
    for (const k of ['', '-']) {
      expect(fits([['k', '==', null]], { k }, options)).toBe(true);
      expect(fits([['k', '~=', null]], { k }, options)).toBe(false);
      expect(fits([['k', '==', k]], { k }, options)).toBe(true);
    }
  });

  it('compares numbers that JavaScript would print differently', () => {
    expect(fits([['k', '==', 1.1]], '{"k":1.10}')).toBe(true);
    expect(fits([['k', '==', '1.10']], '{"k":1.10}')).toBe(true);
    expect(fits([['k', 'has', 1.1]], '{"k":[1.10]}')).toBe(true);
    expect(fits([['k', '>', 1e300]], '{"k":1e400}')).toBe(true);
  });

  it('finds the variables that templates find', () => {
    expect(fits([['uri', '~~', '^/v1/']], { request: 'GET /v1/x HTTP/1.1' })).toBe(true);
    expect(fits([['arg_k', '==', 'v']], { args: 'k=v' })).toBe(true);
    expect(fits([['a.b', '==', 1]], { a: { b: 1 } })).toBe(true);
  });
});

describe('logic', () => {
  const big = ['w', '>', 10];
  const notHuge = ['w', '!', '>', 15];

  it.each<[unknown[], [number, boolean][]]>([
    [[], [[1, true]]],
    [
      [big, notHuge],
      [
        [12, true],
        [16, false],
        [8, false],
      ],
    ],
    [
      ['AND', big, notHuge],
      [
        [12, true],
        [16, false],
      ],
    ],
    [
      ['and', big, notHuge],
      [
        [12, true],
        [16, false],
      ],
    ],
    [
      ['OR', big, ['w', '==', 1]],
      [
        [12, true],
        [1, true],
        [2, false],
      ],
    ],
    [
      ['!AND', big, notHuge],
      [
        [12, false],
        [8, true],
        [16, true],
      ],
    ],
    [
      ['!OR', big, ['w', '==', 1]],
      [
        [12, false],
        [1, false],
        [2, true],
      ],
    ],
    [
      ['OR', [big, notHuge], ['AND', ['w', '>', 1], ['w', '<', 3]]],
      [
        [12, true],
        [2, true],
        [5, false],
        [16, false],
      ],
    ],
    [
      [
        ['OR', ['w', '==', 1], ['w', '==', 2]],
        ['w', '~=', 2],
      ],
      [
        [1, true],
        [2, false],
      ],
    ],
    [
      ['!OR', ['!AND', big, notHuge], ['w', '==', 11]],
      [
        [12, true],
        [11, false],
        [16, false],
      ],
    ],
  ])('%j', (filter, cases) => {
    expect(cases.map(([w]) => [w, fits(filter, { w })])).toEqual(cases);
  });
});

describe('problems of a filter', () => {
  it.each<[unknown[], string, string]>([
    [['k', '==', 'v'], 'f', 'each condition stands in a list of its own, as in [["status", "<", 400]]'],
    [[['k']], 'f[0]', 'expected [name, operator, value], got ["k"]'],
    [[['k', '<']], 'f[0]', 'expected [name, operator, value], got ["k","<"]'],
    [[['k', '=<']], 'f[0]', 'expected [name, operator, value], got ["k","=<"]'],
    [[['k', '==', 1, 2, 3]], 'f[0]', 'expected [name, operator, value], got ["k","==",1,2,3]'],
    [[['k', '=', 'v']], 'f[0]', 'invalid operator "="; expected one of == ~= > >= < <= ~~ ~* in has ipmatch'],
    [[['k', 1, 'v']], 'f[0]', 'expected an operator, got 1'],
    [[['!', 'k', '==', '1']], 'f[0]', 'of four elements, the second has to be "!"'],
    [[['k', '!', 5, '1']], 'f[0]', 'expected an operator behind "!", got 5'],
    [[['k', '!', 'constructor', '1']], 'f[0]', 'invalid operator "constructor"; expected'],
    [[['', '==', '1']], 'f[0]', 'expected the name of a variable first, got ""'],
    [[['$k', '==', '1']], 'f[0]', '"$k": the name of a variable stands here without its $'],
    [[[7, '==', '1']], 'f[0]', 'expected the name of a variable first, got 7'],
    [[[]], 'f[0]', 'empty; expected [name, operator, value]'],
    [[['k', '==', 1], 'AND'], 'f[1]', 'expected a list, got "AND"'],
    [['OR', ['k', '==', 1]], 'f', '"OR" needs at least two operands'],
    [['OR', ['k', '==', 1], ['AND']], 'f[2]', '"AND" needs at least two operands'],
    [['OR', ['k', '==', 1], [['k', '<', 'x']]], 'f[2][0]', '<: expected a number, got "x"'],
    [[['k', '<', null]], 'f[0]', '<: expected a number, got null'],
    [[['k', '==', {}]], 'f[0]', '==: expected text, a number, true, false or null'],
    [[['k', 'in', 'a']], 'f[0]', 'in: expected a list, got "a"'],
    [[['k', 'in', [null]]], 'f[0]', 'in: expected text, a number, true or false in the list, got null'],
    [[['k', 'has', null]], 'f[0]', 'has: expected text, a number, true or false'],
    [[['k', '~~', 5]], 'f[0]', '~~: expected a regular expression, got 5'],
    [[['k', '~~', '(']], 'f[0]', '~~: "(": not a regular expression of JavaScript: '],
    [
      [['k', '~~', '(?=a)']],
      'f[0]',
      '~~: "(?=a)": cannot run in linear time (RE2): it has no lookahead or lookbehind',
    ],
    [[['k', 'ipmatch', null]], 'f[0]', 'ipmatch: expected an ip address or a list of them, got null'],
    [[['k', 'ipmatch', []]], 'f[0]', 'ipmatch: expected an ip address or a list of them, got []'],
    [[['k', 'ipmatch', '']], 'f[0]', 'ipmatch: invalid ip address: ""'],
    [[['k', 'ipmatch', '10.0.0.0/33']], 'f[0]', 'ipmatch: invalid ip address: "10.0.0.0/33"'],
    [[['k', 'ipmatch', ['::1/129']]], 'f[0]', 'ipmatch: invalid ip address: "::1/129"'],
    [[['k', 'ipmatch', '10.0.0.0/8/8']], 'f[0]', 'ipmatch: invalid ip address'],
    [[['k', 'ipmatch', '10.0.0.0/']], 'f[0]', 'ipmatch: invalid ip address'],
  ])('%j', (filter, path, message) => {
    const problems: ConfigProblem[] = [];
    compileFilter(filter, 'f', presetOf('json'), (problem) => problems.push(problem));
    expect(problems).toEqual([{ path, message: expect.stringContaining(message) as string }]);
  });

  it('are all told, not only the first', () => {
    const paths: string[] = [];
    compileFilter([['a'], ['k', '==', 1], ['b', '?', 1]], 'f', presetOf('json'), ({ path }) =>
      paths.push(path),
    );
    expect(paths).toEqual(['f[0]', 'f[2]']);
  });
});
