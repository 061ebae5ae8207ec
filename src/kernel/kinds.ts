/** What stands in a slot, as in `assembly/slots.ts`. Everything above NULL is a value. */
export const ABSENT = 0;
export const NULL = 1;
/** A string of ASCII without escapes; the slot's range is what stands between the quotes, for the other two as well. */
export const STRING = 2;
/** A string whose bytes are what `JSON.stringify` would write; has escapes or UTF-8. */
export const COPYABLE = 3;
/** A string with escapes that `JSON.stringify` would write otherwise: `\/`, `\u00e9`. */
export const ODD = 4;
export const NUMBER = 5;
export const TRUE = 6;
export const FALSE = 7;
/** An object or an array, with its brackets. */
export const CONTAINER = 8;
