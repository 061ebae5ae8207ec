import { describe, expect, it } from 'vitest';
import { ConcurrencyLimit } from '../../src/ship/concurrency-limit.ts';

/** A server that takes requests in order, `workers` at a time, each for `ms`; and a client that is always at its limit. */
class Server {
  readonly limit: ConcurrencyLimit;
  workers: number;
  ms: number;
  /** Of the answer to the request with that number: the time that it needs, or what becomes of it. */
  answer: (request: number, inFlight: number) => number | 'erred' | 'overloaded' = () => this.ms;
  #now = 0;
  #sent = 0;
  #answered = 0;
  /** Until then each worker is busy. */
  #busy: number[] = [];
  #inFlight: { request: number; sentAt: number; endsAt: number }[] = [];

  constructor(most: number, workers: number, ms: number) {
    this.limit = new ConcurrencyLimit(most);
    this.workers = workers;
    this.ms = ms;
  }

  /** Until so many milliseconds have gone by. @returns answers in that time */
  run(ms: number, events = 100): number {
    const until = this.#now + ms;
    const before = this.#answered;
    for (;;) {
      while (this.#inFlight.length < this.limit.current) this.#send();
      const first = this.#inFlight.reduce((a, b) => (b.endsAt < a.endsAt ? b : a));
      if (first.endsAt > until) break;
      this.#now = first.endsAt;
      this.#inFlight.splice(this.#inFlight.indexOf(first), 1);
      this.#end(first, events);
    }
    this.#now = until;
    return this.#answered - before;
  }

  #send(): void {
    const request = ++this.#sent;
    const needed = this.answer(request, this.#inFlight.length + 1);
    const busy = this.#busy.filter((at) => at > this.#now).toSorted((a, b) => a - b);
    const free = busy.length < this.workers ? this.#now : busy[busy.length - this.workers]!;
    const endsAt = typeof needed === 'number' ? free + needed : this.#now + 5;
    if (typeof needed === 'number') this.#busy = [...busy, endsAt];
    this.#inFlight.push({ request, sentAt: this.#now, endsAt });
  }

  #end({ request, sentAt }: { request: number; sentAt: number }, events: number): void {
    const needed = this.answer(request, this.#inFlight.length + 1);
    const next = this.#sent + 1;
    const isFull = this.#inFlight.length + 1 >= this.limit.current;
    this.#answered++;
    if (needed === 'erred') this.limit.erred(request, next);
    else if (needed === 'overloaded') this.limit.overloaded(request, next, 2 / 3);
    else this.limit.answered(request, next, isFull, this.#now - sentAt, events);
  }
}

describe('the limit of concurrency', () => {
  it.each([1, 50, 4000, 20_000, 45_000])(
    'is all that is allowed where answers take %d ms, however many there are',
    (ms) => {
      const server = new Server(16, 1000, ms);
      server.run(3 * ms + 1);
      expect(server.limit.current).toBe(16);
      server.run(100 * ms);
      expect(server.limit.current).toBe(16);
    },
  );

  it.each([
    [1, 500],
    [2, 500],
    [4, 2000],
    [8, 500],
  ])('is about as many as there are workers (%d of %d ms), and keeps all of them busy', (workers, ms) => {
    const server = new Server(16, workers, ms);
    server.run(40 * ms);
    expect(server.limit.current).toBeGreaterThanOrEqual(workers);
    expect(server.limit.current).toBeLessThanOrEqual(Math.ceil(workers * 1.5) + 2);
    const answers = server.run(200 * ms);
    expect(answers).toBeGreaterThanOrEqual(0.97 * workers * 200);
  });

  it.each([0, 50, 137, 250, 333, 490])('follows workers that come and go, within 30 s (%d)', (phaseMs) => {
    const server = new Server(16, 2, 500);
    server.run(30_000 + phaseMs);
    server.workers = 8;
    server.run(30_000 + phaseMs);
    expect(server.limit.current).toBeGreaterThanOrEqual(8);
    expect(server.run(10_000 + phaseMs)).toBeGreaterThanOrEqual(0.97 * 160);
    server.workers = 1;
    server.run(30_000);
    expect(server.limit.current).toBeLessThanOrEqual(3);
    expect(server.run(10_000)).toBeGreaterThanOrEqual(19);
  });

  it('stays when a server gets slower for other reasons than ours', () => {
    const server = new Server(16, 1000, 50);
    server.run(5000);
    server.ms = 4000;
    server.run(60_000);
    expect(server.limit.current).toBe(16);
  });

  it('stays when a few answers are far faster than the others', () => {
    const server = new Server(16, 1000, 2000);
    server.answer = (request) => (request % 20 === 0 ? 20 : 2000);
    server.run(120_000);
    // All but a few per cent of what is possible.
    expect(server.run(2_000_000)).toBeGreaterThan(0.95 * 16_000);
  });

  it('takes no part of a delay for a queue that our own event loop can make', () => {
    const server = new Server(16, 1000, 1);
    server.answer = (request) => ((request * 7919) % 97 < 60 ? 1 + ((request * 31) % 80) : 1);
    server.run(10_000);
    expect(server.limit.current).toBe(16);
  });

  it('does not shrink for requests that fail now and then, whose events may be at fault', () => {
    const server = new Server(16, 1000, 300);
    server.answer = (request) => (request % 8 === 0 ? 'erred' : 300);
    server.run(60_000);
    expect(server.limit.current).toBe(16);
  });

  it('shrinks where most requests fail', () => {
    const server = new Server(16, 1000, 300);
    server.run(10_000);
    server.answer = () => 'erred';
    server.run(10_000);
    expect(server.limit.current).toBe(1);
  });

  it('keeps below what is refused, and tries more ever less often', () => {
    const server = new Server(16, 1000, 100);
    const refused = new Set<number>();
    const decided = new Map<number, number | 'overloaded'>();
    server.answer = (request, inFlight) => {
      const known = decided.get(request) ?? (inFlight > 4 ? 'overloaded' : 100);
      decided.set(request, known);
      if (known === 'overloaded') refused.add(request);
      return known;
    };
    server.run(60_000);
    refused.clear();
    const answers = server.run(600_000);
    expect(refused.size).toBeLessThan(answers * 0.02);
    expect(answers).toBeGreaterThan(0.7 * 24_000);
  });

  it('is what it was when it only seemed that a server does not answer', () => {
    const limit = new ConcurrencyLimit(16);
    for (let request = 1; request <= 8; request++) limit.answered(request, 9, true, 10, 100);
    expect(limit.current).toBe(16);
    limit.silent(9, 25);
    expect(limit.current).toBe(8);
    limit.silent(10, 25);
    expect(limit.current).toBe(8);
    limit.answered(11, 25, true, 45_000, 100);
    expect(limit.current).toBe(16);
  });

  it('gets used to smaller requests', () => {
    const limit = new ConcurrencyLimit(16);
    limit.answered(1, 2, true, 10, 100);
    for (let request = 2; request < 400; request++) limit.answered(request, request, true, 10, 1);
    expect(limit.current).toBe(16);
  });

  it('goes by requests of the usual size: small ones are faster', () => {
    const limit = new ConcurrencyLimit(4);
    for (let request = 1; request <= 20; request++) limit.answered(request, request, true, 2000, 100);
    for (let request = 21; request <= 60; request++) limit.answered(request, request, true, 20, 1);
    for (let request = 61; request <= 80; request++) limit.answered(request, request, true, 2000, 100);
    expect(limit.current).toBe(4);
  });
});
