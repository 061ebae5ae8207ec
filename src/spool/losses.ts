/**
 * The book of losses: what was written and will not be delivered. A part of the ledger, so a loss is durable in the
 * same checkpoint as the position, or the settled chunk, that goes with it. What is read after all leaves the book;
 * what is acknowledged stays in it.
 */
import { hash } from 'node:crypto';
import { generationKey } from '../generation-key.ts';
import type { LineLoss, Loss } from '../loss.ts';
import type { Generation } from '../types.ts';

/** More are not kept singly: the checkpoint holds all of them. */
const MOST_LOSSES = 500;
const ID_DIGITS = 8;

/** Events that went with their chunks. */
export interface EventLoss extends Pick<Loss, 'path' | 'fingerprint' | 'from' | 'to'> {
  readonly destination: string;
  readonly events: number;
  readonly reason: string;
}

export class Losses {
  /** Oldest first. */
  #all: Loss[];

  constructor(losses: readonly Loss[]) {
    this.#all = [...losses];
  }

  /** Oldest first. */
  list(): readonly Loss[] {
    return this.#all;
  }

  /** @param now Unix milliseconds @returns as which it stands in the book: that of the same place, if there is one */
  lines({ source, generation, from, to, reason }: LineLoss, now: number): Loss {
    const { fingerprint, path } = generation;
    const key = generationKey(generation);
    const end = to === undefined ? {} : { to };
    const known = this.#all.find((loss) => isOf(loss, source, key) && loss.from === from);
    if (known !== undefined) return this.#replace(known, { ...known, path, ...end, reason });
    const place = { source, path, fingerprint, generation: key, from, ...end };
    return this.#add({ kind: 'lines', ...place, reason }, now, key);
  }

  /** @param now Unix milliseconds */
  events(loss: EventLoss, now: number): Loss {
    // Of chunks that are just gone nothing else tells one time from another.
    return this.#add({ kind: 'events', ...loss }, now, loss.from === undefined ? `${now}` : '');
  }

  /** Bytes [from, to) of a log were read: what of them was lost is no more. */
  read(source: string, generation: Generation, from: number, to: number): void {
    if (this.#all.length === 0) return;
    const key = generationKey(generation);
    for (const loss of this.#all) {
      if (!isOf(loss, source, key) || loss.from === undefined) continue;
      const { from: lostFrom, to: lostTo = Infinity } = loss;
      if (to <= lostFrom || from >= lostTo) continue;
      if (from <= lostFrom && to >= lostTo) this.#delete(loss);
      else if (from <= lostFrom) this.#replace(loss, { ...loss, from: to });
      else if (to >= lostTo) this.#replace(loss, { ...loss, to: from });
    }
  }

  /** A log was read to its end after all: of what was lost of it, from an offset on, nothing is left. */
  ended(source: string, generation: Generation, offset: number): void {
    if (this.#all.length === 0) return;
    const key = generationKey(generation);
    for (const loss of this.#all) {
      const isOpen = loss.to === undefined && loss.from !== undefined && loss.from <= offset;
      if (isOpen && isOf(loss, source, key)) this.#delete(loss);
    }
  }

  /** How many of a destination stand in the book. */
  eventsOf(destination: string): number {
    const lost = this.#all.filter((loss) => loss.destination === destination);
    return lost.reduce((sum, { events = 0 }) => sum + events, 0);
  }

  /** Events that were lost wait again: somebody has put their chunk back. */
  cameBack(destination: string, events: number): void {
    const lost = this.#all.filter((loss) => loss.destination === destination).toReversed();
    const exact = lost.find((loss) => loss.events === events);
    let rest = events;
    for (const loss of exact === undefined ? lost : [exact]) {
      const left = (loss.events ?? 0) - rest;
      rest -= Math.min(rest, loss.events ?? 0);
      if (left <= 0) this.#delete(loss);
      else this.#replace(loss, { ...loss, events: left });
      if (rest === 0) return;
    }
  }

  #add(loss: Omit<Loss, 'id' | 'time'>, now: number, more: string): Loss {
    const { kind, source, destination, fingerprint, from } = loss;
    const place = JSON.stringify([kind, source, destination, fingerprint, from, more]);
    const id = hash('sha256', place).slice(0, ID_DIGITS);
    const added: Loss = { id, ...loss, time: new Date(now).toISOString() };
    this.#all = [...this.#all.filter((other) => other.id !== id), added];
    if (this.#all.length > MOST_LOSSES) this.#fold();
    return added;
  }

  /** Two losses of one kind and place become one: the older one's record, counted in the other's. */
  #fold(): void {
    for (const [at, oldest] of this.#all.entries()) {
      const next = this.#all.find((loss, index) => index > at && isAlike(loss, oldest));
      if (next === undefined) continue;
      const events = oldest.events === undefined ? {} : { events: oldest.events + (next.events ?? 0) };
      const earlier = (oldest.earlier ?? 0) + (next.earlier ?? 0) + 1;
      this.#delete(oldest);
      this.#replace(next, { ...next, ...events, earlier });
      return;
    }
  }

  #replace(loss: Loss, by: Loss): Loss {
    this.#all = this.#all.map((other) => (other === loss ? by : other));
    return by;
  }

  #delete(loss: Loss): void {
    this.#all = this.#all.filter((other) => other !== loss);
  }
}

const isOf = (loss: Loss, source: string, key: string): boolean =>
  loss.kind === 'lines' && loss.source === source && loss.generation === key;

const isAlike = (a: Loss, b: Loss): boolean =>
  a.kind === b.kind && a.source === b.source && a.destination === b.destination;
