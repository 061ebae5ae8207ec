import { describe, expect, it } from 'vitest';
import { fullJitterMs } from '../../src/ship/backoff.ts';
import { Pacer } from '../../src/ship/pacer.ts';

describe('full jitter', () => {
  it('is a share of an exponentially growing, capped wait', () => {
    const most = [0, 1, 2, 3, 10, 1000].map((attempt) => fullJitterMs(1000, 60_000, attempt, () => 0));
    expect(most).toEqual([1000, 2000, 4000, 8000, 60_000, 60_000]);
    expect(fullJitterMs(1000, 60_000, 2, () => 0.75)).toBe(1000);
  });

  it('is never zero', () => {
    expect(fullJitterMs(100, 60_000, 0, () => 0.999_999_999)).toBe(1);
  });
});

/** Sends as soon as it may, with a timer that is late by `lateMs`; returns when requests went out. */
function send(pacer: Pacer, requests: number, from: number, lateMs: number): number[] {
  const sent: number[] = [];
  for (let now = from; sent.length < requests;) {
    const waitMs = pacer.waitMs(now);
    if (waitMs > 0) {
      now += Math.ceil(waitMs) + lateMs;
    } else {
      pacer.use(now);
      sent.push(now);
    }
  }
  return sent;
}

describe('pacer', () => {
  it('spaces requests evenly', () => {
    expect(send(new Pacer(50), 5, 1000, 0)).toEqual([1000, 1020, 1040, 1060, 1080]);
  });

  it('does not slow down because timers are late', () => {
    expect(send(new Pacer(50), 101, 1000, 2).at(-1)).toBeLessThan(3005);
    expect(send(new Pacer(1000), 1001, 1000, 1).at(-1)).toBeLessThan(2010);
  });

  it('makes no burst of an idle time', () => {
    const pacer = new Pacer(10);
    send(pacer, 3, 1000, 0);
    expect(send(pacer, 3, 60_000, 0)).toEqual([60_000, 60_100, 60_200]);
  });

  it('waits no longer than an interval when the clock jumps back', () => {
    const pacer = new Pacer(10);
    send(pacer, 3, 1_000_000, 0);
    expect(send(pacer, 2, 1000, 0)).toEqual([1100, 1200]);
  });

  it('does nothing without a limit', () => {
    expect(send(new Pacer(undefined), 3, 1000, 0)).toEqual([1000, 1000, 1000]);
  });
});
