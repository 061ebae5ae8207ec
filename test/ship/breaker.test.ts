import { describe, expect, it } from 'vitest';
import { Breaker } from '../../src/ship/breaker.ts';
import { ManualClock } from './support/clocks.ts';

function setup(tolerates = 3) {
  const clock = new ManualClock();
  const heard = { halfOpened: 0 };
  const breaker = new Breaker({
    clock,
    tolerates,
    delayMs: (opened) => 1000 * 2 ** opened,
    halfOpened: () => heard.halfOpened++,
  });
  const advance = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { breaker, clock, heard, advance };
}

describe('breaker', () => {
  it('opens at once when the endpoint is down, and half-opens when its delay is over', async () => {
    const { breaker, clock, heard, advance } = setup();
    expect(breaker.failed(breaker.admit(), 'down', 0)).toBe(true);
    expect(breaker).toMatchObject({ state: 'open', usable: false, retryAt: clock.now() + 1000 });
    await advance(999);
    expect(breaker.state).toBe('open');
    await advance(1);
    expect(breaker).toMatchObject({ state: 'half_open', usable: true });
    expect(heard.halfOpened).toBe(1);
  });

  it('tolerates failures that may be the fault of the request, unless they go on', () => {
    const { breaker } = setup(3);
    expect(breaker.failed(breaker.admit(), 'ailing', 0)).toBe(false);
    expect(breaker.failed(breaker.admit(), 'ailing', 0)).toBe(false);
    breaker.succeeded(breaker.admit());
    expect(breaker.failed(breaker.admit(), 'ailing', 0)).toBe(false);
    expect(breaker.failed(breaker.admit(), 'ailing', 0)).toBe(false);
    expect(breaker.failed(breaker.admit(), 'ailing', 0)).toBe(true);
    expect(breaker.state).toBe('open');
  });

  it('lets exactly one probe through, and closes when it succeeds', async () => {
    const { breaker, advance } = setup();
    breaker.failed(breaker.admit(), 'down', 0);
    await advance(1000);
    const probe = breaker.admit();
    expect(breaker).toMatchObject({ state: 'half_open', usable: false });
    expect(() => breaker.admit()).toThrow('admitted by a breaker that is probing');
    expect(breaker.succeeded(probe)).toBe(true);
    expect(breaker.state).toBe('closed');
  });

  it('opens again, for longer, when the probe fails in any way, and starts over once closed', async () => {
    const { breaker, clock, advance } = setup();
    breaker.failed(breaker.admit(), 'down', 0);
    await advance(1000);
    expect(breaker.failed(breaker.admit(), 'ailing', 0)).toBe(true);
    expect(breaker.retryAt).toBe(clock.now() + 2000);
    await advance(2000);
    breaker.succeeded(breaker.admit());
    breaker.failed(breaker.admit(), 'down', 0);
    expect(breaker.retryAt).toBe(clock.now() + 1000);
  });

  it('stays open at least as long as the server asked for', () => {
    const { breaker, clock } = setup();
    breaker.failed(breaker.admit(), 'down', 30_000);
    expect(breaker.retryAt).toBe(clock.now() + 30_000);
  });

  it('ignores what was sent before its state changed', async () => {
    const { breaker, advance } = setup();
    const [first, second, third] = [breaker.admit(), breaker.admit(), breaker.admit()];
    breaker.failed(first, 'down', 0);
    expect(breaker.failed(second, 'down', 0)).toBe(false);
    await advance(1000);
    const probe = breaker.admit();
    expect(breaker.succeeded(third)).toBe(false);
    expect(breaker).toMatchObject({ state: 'half_open', usable: false });
    expect(breaker.succeeded(probe)).toBe(true);
  });

  it('may probe again when the probe said nothing about it', async () => {
    const { breaker, advance } = setup();
    breaker.undecided(breaker.admit());
    expect(breaker.state).toBe('closed');
    breaker.failed(breaker.admit(), 'down', 0);
    await advance(1000);
    breaker.undecided(breaker.admit());
    expect(breaker).toMatchObject({ state: 'half_open', usable: true });
  });

  it('does not half-open any more once stopped', async () => {
    const { breaker, heard, advance } = setup();
    breaker.failed(breaker.admit(), 'down', 0);
    breaker.stop();
    await advance(5000);
    expect(breaker.state).toBe('open');
    expect(heard.halfOpened).toBe(0);
  });
});
