/** Numbers as plain decimal text, without arithmetic that could round. */

const NUMBER = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;

/** The number without an exponent or a plus sign (`1.5e-05` → `0.000015`); undefined when the text is none. */
export function plainDecimal(text: string): string | undefined {
  const match = NUMBER.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', decimals = '', exponent = '0'] = match;
  const [integer, fraction] = shift(whole, decimals, Number(exponent));
  return `${sign === '-' ? '-' : ''}${integer}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Moves the decimal point by `places` to the right (negative: to the left). */
function shift(whole: string, decimals: string, places: number): [integer: string, fraction: string] {
  if (places === 0) return [whole, decimals];
  const digits = whole + decimals;
  const point = whole.length + places;
  if (point <= 0) return ['0', '0'.repeat(-point) + digits];
  const padded = digits.padEnd(point, '0');
  return [padded.slice(0, point).replace(/^0+(?=\d)/, ''), padded.slice(point)];
}
