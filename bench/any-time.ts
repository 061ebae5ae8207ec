/** For sources: the times of the logs that are made here are fixed, and stay plausible however late it is. */
export const ANY_TIME = { plausible_age: 1e12, plausible_future: 1e12 } as const;
