import { expect, it } from 'vitest';
import { plainDecimal } from '../../src/map/decimal.ts';

it.each([
  ['12.5', '12.5'],
  ['0012.50', '0012.50'],
  ['-3', '-3'],
  ['+3', '3'],
  ['1.5e-05', '0.000015'],
  ['6.75E-6', '0.00000675'],
  ['1e3', '1000'],
  ['1.2345e2', '123.45'],
  ['1.5e1', '15'],
  ['0.5e1', '5'],
  ['-1e-1', '-0.1'],
  ['1e0', '1'],
])('%s is %s', (text, plain) => {
  expect(plainDecimal(text)).toBe(plain);
});

it.each(['', '.5', '5.', '1e', '1e9999', 'abc', '1,5', '0x1', '1 2', 'Infinity'])(
  '%j is no number',
  (text) => {
    expect(plainDecimal(text)).toBeUndefined();
  },
);
