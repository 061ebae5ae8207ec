/** For sources of logs whose lines have fixed times: these stay plausible, however late it is. */
export const ANY_TIME = { plausible_age: 1e12, plausible_future: 1e12 } as const;
