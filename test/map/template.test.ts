import { describe, expect, it } from 'vitest';
import { parseTemplate, templateProblem } from '../../src/map/template.ts';
import { property } from './harness.ts';

describe('a template', () => {
  it.each([
    ['plain text', { a: 1 }, '"plain text"'],
    ['${a}', { a: 'x' }, '"x"'],
    ['$a', { a: 'x' }, '"x"'],
    ['${ a }', { a: 'x' }, '"x"'],
    ['<${a}${b}>', { a: 'x', b: 'y' }, '"<xy>"'],
    ['$a-$b', { a: 'x', b: 'y' }, '"x-y"'],
    ['$a.b', { a: { b: 'deep' } }, '"deep"'],
    ['${a}.b', { a: 'x' }, '"x.b"'],
    ['${missing}', {}, '""'],
    ['[${missing}]', {}, '"[]"'],
    ['${a ?? other}', {}, '"other"'],
    ['${a ?? other}', { a: null }, '"other"'],
    ['${a??other}', {}, '"other"'],
    ['${a ?? two words}', {}, '"two words"'],
    ['${a ?? other}', { a: '' }, '""'],
    ['${a ?? other}', { a: 0 }, '0'],
    ['${a ?? b ?? c}', {}, '"b"'],
    ['${a ?? }', {}, '""'],
    ['${?? x}', {}, '"x"'],
    ['\\$a', { a: 'x' }, '"\\\\$a"'],
    ['\\${a}', { a: 'x' }, '"\\\\${a}"'],
    ['5$', {}, '"5$"'],
    ['$$a', { a: 'x' }, '"$x"'],
    ['${a-b}', { 'a-b': 'x' }, '"x"'],
    ['${constructor}${toString}${__proto__}', {}, '""'],
    ['${hasOwnProperty}', { hasOwnProperty: 'own' }, '"own"'],
  ])('%s of %j is %s', (template, fields, json) => {
    expect(property(template, fields)).toBe(json);
  });

  it.each([
    ['${a', '"${a" is no variable: expected ${name}'],
    ['x ${} y', '"${" is no variable: expected ${name}'],
    ['${ }', 'a variable has no name: expected ${name}'],
    ['${?? x}', 'a variable has no name: expected ${name}'],
    ['\\${a', undefined],
    ['$', undefined],
    ['${a} {b}', undefined],
  ])('%s: %s', (template, problem) => {
    expect(templateProblem(template)).toBe(problem);
  });

  it('comes apart into text and variables', () => {
    expect(parseTemplate('a${b ?? c}$d')).toEqual([
      'a',
      { name: 'b', fallback: 'c' },
      { name: 'd', fallback: undefined },
    ]);
  });
});

describe('a property that is one variable keeps the type of the log', () => {
  it.each([
    ['{"a":200}', '200'],
    ['{"a":1.10}', '1.10'],
    ['{"a":12345678901234567890}', '12345678901234567890'],
    ['{"a":1.5e-05}', '1.5e-05'],
    ['{"a":"200"}', '"200"'],
    ['{"a":true}', 'true'],
    ['{"a":false}', 'false'],
    ['{"a":null}', '""'],
    ['{}', '""'],
    ['{"a":{"b":[1.0,null,"x"]}}', String.raw`"{\"b\":[1.0,null,\"x\"]}"`],
    ['{"a":[]}', '"[]"'],
    // An infinity at Lago.
    ['{"a":1e400}', '"1e400"'],
  ])('%s gives %s', (line, json) => {
    expect(property('${a}', line)).toBe(json);
    expect(property('$a', line)).toBe(json);
  });

  it('and any other is text, numbers as they are written', () => {
    expect(property('${a} ', '{"a":1.10}')).toBe('"1.10 "');
    expect(property('${a}${b}', '{"a":true,"b":[1.0]}')).toBe('"true[1.0]"');
  });

  it('what PostgreSQL cannot hold becomes U+FFFD', () => {
    expect(property('${a}', String.raw`{"a":"x\u0000y\ud800z"}`)).toBe('"x\ufffdy\ufffdz"');
    expect(property('${a}', String.raw`{"a":"\ud83d\ude00"}`)).toBe('"😀"');
  });
});

describe('in an access log, nothing and - are how NGINX writes a variable without a value', () => {
  it.each(['nginx', 'apisix'] as const)('so the default of a template takes their place (%s)', (format) => {
    const options = { format };
    expect(property('${a ?? other}', { a: '' }, options)).toBe('"other"');
    expect(property('${a ?? other}', { a: '-' }, options)).toBe('"other"');
    expect(property('${a}', { a: '-' }, options)).toBe('""');
    expect(property('${a}', { a: '--' }, options)).toBe('"--"');
  });

  it('in other logs they are values', () => {
    expect(property('${a ?? other}', { a: '-' }, { format: 'kong-file-log' })).toBe('"-"');
  });
});
