/** What JavaScript calls; see `src/kernel/kernel.ts`. All functions work on addresses in the memory that they are given. */
export { newline } from './bytes';
export { scan, space, string, value } from './scan';
export { fit } from './skeleton';
export { fill, write } from './event';
export { time } from './time';
export { run } from './run';
export { firstPadded, padded, repeats } from './ids';
