/**
 * Several processes claim one state directory, their steps in any order, and any of them may die between two steps: never
 * do two have it, and nothing that the dead left keeps the next one from it.
 */
import { array, assert, asyncProperty, constant, nat, oneof, record } from 'fast-check';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { Claim } from '../../src/control/claim.ts';
import { StateDirLockedError } from '../../src/errors.ts';

/** One process: halted before each of its steps, until it is told to go on. */
class Claimant {
  claim: Claim | undefined;
  over = false;
  #goOn: (() => void) | undefined;
  #halted = Promise.withResolvers<void>();
  readonly #servers: Server[] = [];

  constructor(stateDir: string) {
    void this.#run(Claim.make(stateDir, { status: () => ({}), before: () => this.#halt() }));
  }

  async #run(work: Promise<Claim>): Promise<void> {
    try {
      this.claim = await work;
      this.#halted.resolve();
    } catch (error) {
      this.over = true;
      if (error instanceof StateDirLockedError) this.#halted.resolve();
      else this.#halted.reject(error);
    }
  }

  /** Resolves when it is halted again, has the directory, or was refused. */
  async step(): Promise<void> {
    const goOn = this.#goOn;
    if (goOn === undefined) return this.#halted.promise;
    this.#goOn = undefined;
    this.#halted = Promise.withResolvers();
    // The servers that listen while this one runs are its own: only one runs at a time.
    const listen = vi.spyOn(Server.prototype, 'listen');
    goOn();
    await this.#halted.promise;
    this.#servers.push(...(listen.mock.contexts as Server[]));
    listen.mockRestore();
  }

  /** As the kernel ends it: nobody listens any more, and all files stay. */
  async die(): Promise<void> {
    this.over = true;
    this.claim = undefined;
    for (const server of this.#servers) if (server.listening) await new Promise((done) => server.close(done));
  }

  async release(): Promise<void> {
    this.over = true;
    await this.claim?.release();
    this.claim = undefined;
  }

  #halt(): Promise<void> {
    return new Promise((resolve) => {
      this.#goOn = resolve;
      this.#halted.resolve();
    });
  }
}

const actions = array(
  record({
    who: nat({ max: 3 }),
    what: oneof(
      { weight: 12, arbitrary: constant('step' as const) },
      { weight: 1, arbitrary: constant('die' as const) },
      { weight: 1, arbitrary: constant('release' as const) },
    ),
  }),
  { minLength: 30, maxLength: 120 },
);

test(
  'never do two processes have a state directory, and the dead block nobody',
  { timeout: 240_000 },
  async () => {
    await assert(
      asyncProperty(actions, async (list) => {
        const root = await mkdtemp(join(tmpdir(), 'tailmeter-claims-'));
        const claimants: (Claimant | undefined)[] = [];
        const all: Claimant[] = [];
        try {
          for (const { who, what } of list) {
            let one = claimants[who];
            if (one === undefined || one.over) {
              one = claimants[who] = new Claimant(root);
              all.push(one);
            }
            if (what === 'step') await one.step();
            else if (what === 'die') await one.die();
            else if (one.claim !== undefined) await one.release();
            expect(claimants.filter((other) => other?.claim !== undefined).length).toBeLessThanOrEqual(1);
          }
          for (const one of all) await one.die();
          const next = await Claim.make(root, { status: () => ({}) });
          expect(await next.isThere()).toBe(true);
          await next.release();
          expect(await readdir(root)).toEqual([]);
        } finally {
          for (const one of all) await one.die();
          await rm(root, { recursive: true, force: true });
        }
      }),
      { numRuns: 60 },
    );
  },
);
