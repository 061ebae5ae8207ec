/** When this version was built (scripts/build.mjs), to the day: no right clock says an earlier time. */

declare const TAILMETER_BUILT_MS: number;

/** Unix ms; 0 when it was not built, but runs from its sources. */
export const BUILT_MS: number = typeof TAILMETER_BUILT_MS === 'number' ? TAILMETER_BUILT_MS : 0;
