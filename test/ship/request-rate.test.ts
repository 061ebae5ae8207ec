import { describe, expect, it } from 'vitest';
import { RequestRate } from '../../src/ship/request-rate.ts';

const START = Date.parse('2026-08-21T10:00:00Z');

/** Grants so many requests in each second, to all clients together. */
class Limiter {
  readonly #perSecond: number;
  readonly #announces: boolean;
  readonly #countsRefused: boolean;
  #second = 0;
  #used = 0;
  taken = 0;
  refused = 0;

  constructor(perSecond: number, { announces = false, countsRefused = false }) {
    this.#perSecond = perSecond;
    this.#announces = announces;
    this.#countsRefused = countsRefused;
  }

  ask(now: number): { isTaken: boolean; headers: Record<string, string> } {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) this.#used = 0;
    this.#second = second;
    const isTaken = this.#used < this.#perSecond;
    if (isTaken || this.#countsRefused) this.#used++;
    if (isTaken) this.taken++;
    else this.refused++;
    const remaining = Math.max(0, this.#perSecond - this.#used);
    const announced = {
      'x-ratelimit-limit': `${this.#perSecond}`,
      'x-ratelimit-remaining': `${remaining}`,
      'x-ratelimit-reset': '1',
    };
    return { isTaken, headers: this.#announces ? announced : {} };
  }
}

/** Each sends as fast as it may, one request at a time of 2 ms; after a 429 it waits for half a second. */
function run(limiter: Limiter, clients: number, seconds: number): void {
  const rates = Array.from({ length: clients }, (_unused, i) => ({
    rate: new RequestRate(() => i / clients),
    next: 1,
    waitsUntil: START,
  }));
  for (let now = START; now < START + seconds * 1000; now++) {
    for (const client of rates) {
      const { rate } = client;
      if (now < client.waitsUntil || rate.waitMs(now) > 0) continue;
      rate.use(now);
      const request = client.next++;
      const { isTaken, headers } = limiter.ask(now);
      client.waitsUntil = now + (isTaken ? 2 : 500);
      const isAnnounced = rate.announced(headers, 0, now);
      if (isTaken) rate.took(now);
      else if (!isAnnounced) rate.refused(request, client.next, now);
    }
  }
}

describe('the rate of requests', () => {
  it.each([1, 4, 10])(
    'what a server announces is shared by %d daemons, and hardly any is refused',
    (daemons) => {
      const limiter = new Limiter(50, { announces: true });
      run(limiter, daemons, 60);
      expect(limiter.taken).toBeGreaterThan(0.75 * 3000);
      expect(limiter.refused).toBeLessThan(0.02 * limiter.taken);
    },
  );

  it.each([false, true])(
    'a server that announces nothing is found out (counts refusals: %s)',
    (countsRefused) => {
      const limiter = new Limiter(50, { countsRefused });
      run(limiter, 1, 120);
      expect(limiter.taken).toBeGreaterThan(0.75 * 6000);
      expect(limiter.refused).toBeLessThan(0.02 * limiter.taken);
    },
  );

  it('of a long time that is announced half may be used at once, then it is spread', () => {
    const told = (remaining: string): RequestRate => {
      const rate = new RequestRate(() => 0);
      const headers = {
        'x-ratelimit-limit': '1000',
        'x-ratelimit-remaining': remaining,
        'x-ratelimit-reset': '60',
      };
      rate.announced(headers, 0, START);
      rate.use(START);
      return rate;
    };
    expect(told('600').waitMs(START)).toBe(0);
    expect(told('400').waitMs(START)).toBeCloseTo(60_000 / 360);
    expect(told('0').waitMs(START)).toBe(60_000);
  });

  it('a point in time is one by the clock of the server, and no wait is longer than 10 minutes', () => {
    const rate = new RequestRate(() => 0);
    const ahead = START + 1_800_000;
    const headers = {
      date: new Date(ahead).toUTCString(),
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': `${ahead / 1000 + 30}`,
    };
    rate.announced(headers, 0, START);
    rate.use(START);
    expect(rate.waitMs(START)).toBe(30_000);
    rate.announced({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '86400' }, 0, START + 30_000);
    rate.use(START + 30_000);
    expect(rate.waitMs(START + 30_000)).toBe(600_000);
  });

  it.each([
    {},
    { 'x-ratelimit-remaining': '' },
    { 'x-ratelimit-remaining': 'many', 'x-ratelimit-reset': '1' },
  ])('what cannot be understood limits nothing: %j', (headers) => {
    const rate = new RequestRate(() => 0);
    expect(rate.announced(headers, 0, START)).toBe(false);
    expect(rate.isLimited).toBe(false);
  });
});
