/**
 * A Lago that is no bottleneck, as a child process: takes batches as fast as they come, answers 200 with the events, and counts
 * requests, events and distinct transaction ids. Raw HTTP/1.1 with `Content-Length`, since a server framework would
 * take a larger share of the machine than what is measured.
 *
 * Started by `startSink`; talks to its parent in messages, so that no request of ours is among those counted.
 */
import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface SinkOptions {
  /** Distinct ids that it must be able to tell apart. */
  readonly capacity: number;
  /** Before each answer. */
  readonly delayMs?: number;
  /** Requests that it works on at a time, each for `delayMs`; no limit unless told. */
  readonly workers?: number;
  /** Seconds after the first request. */
  readonly changes?: readonly { readonly afterS: number; readonly workers: number }[];
  /** Takes requests, and never answers. */
  readonly isSilent?: boolean;
  /** 200 unless told otherwise. */
  readonly status?: number;
}

/** Counts so far. Times are monotonic milliseconds of the machine, the same in all its processes. */
export interface SinkCounts {
  readonly requests: number;
  readonly bytes: number;
  readonly events: number;
  readonly distinct: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Monotonic milliseconds of the machine. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

const HEADERS_END = Buffer.from('\r\n\r\n');
const ID = Buffer.from('"transaction_id":"');
/** No event of the job is shorter, whoever sends it; one that was passed over would be missed at the end. */
const LEAST_EVENT_BYTES = 128;
const LENGTH = /\r\ncontent-length: *(?<bytes>\d+)/i;
const EXPECTS = /\r\nexpect: *100-continue/i;
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

/** A set of ids, by 63 bits of their first 16 bytes; open addressing. Both words of a slot share a cache line. */
class IdSet {
  size = 0;
  readonly #words: Uint32Array;
  readonly #mask: number;

  constructor(capacity: number) {
    const slots = 2 ** Math.ceil(Math.log2(capacity * 2));
    // Filled, so that its pages are there before anything is measured.
    this.#words = new Uint32Array(slots * 2).fill(0);
    this.#mask = slots * 2 - 1;
  }

  /** Adds the ids at `places`, together: so the processor waits for several slots at once. */
  add(bytes: DataView, places: readonly number[]): void {
    const words = this.#words;
    for (const at of places) {
      const high =
        (Math.imul(bytes.getInt32(at, true), 0x9e3779b1) ^ bytes.getInt32(at + 4, true)) >>> 0 || 1;
      const low = (Math.imul(bytes.getInt32(at + 8, true), 0x85ebca77) ^ bytes.getInt32(at + 12, true)) >>> 0;
      let slot = ((Math.imul(high ^ (low >>> 15), 0xc2b2ae3d) >>> 4) << 1) & this.#mask;
      while (words[slot] !== 0 && (words[slot] !== high || words[slot + 1] !== low)) {
        slot = (slot + 2) & this.#mask;
      }
      if (words[slot] === 0) this.size++;
      words[slot] = high;
      words[slot + 1] = low;
    }
  }
}

class Sink {
  readonly #ids: IdSet;
  readonly #head: string;
  readonly #delayMs: number;
  readonly #changes: NonNullable<SinkOptions['changes']>;
  readonly #waiting: (() => void)[] = [];
  #workers: number;
  #working = 0;
  readonly #counts = { requests: 0, bytes: 0, events: 0, firstMs: 0, lastMs: 0 };
  readonly #places: number[] = [];
  #awaited = Infinity;

  constructor({ capacity, delayMs = 0, status = 200, ...slow }: SinkOptions) {
    this.#ids = new IdSet(capacity);
    this.#delayMs = delayMs;
    this.#changes = slow.changes ?? [];
    this.#workers = slow.isSilent === true ? 0 : (slow.workers ?? Infinity);
    this.#head = `HTTP/1.1 ${status} X\r\nContent-Type: application/json\r\nContent-Length: `;
  }

  get counts(): SinkCounts {
    return { ...this.#counts, distinct: this.#ids.size };
  }

  /** Tells the parent when so many distinct events are there. */
  awaits(distinct: number): void {
    this.#awaited = distinct;
    this.#tell();
  }

  serve(socket: Socket): void {
    let held = Buffer.allocUnsafe(256 * 1024);
    let length = 0;
    /** Of the whole request; 0 while its headers are not there. */
    let total = 0;
    let bodyAt = 0;
    socket.setNoDelay(true).on('error', () => socket.destroy());
    socket.on('data', (piece: Buffer) => {
      if (length + piece.length > held.length) {
        const larger = Buffer.allocUnsafe(Math.max(held.length * 2, length + piece.length));
        held.copy(larger, 0, 0, length);
        held = larger;
      }
      piece.copy(held, length);
      length += piece.length;
      for (;;) {
        if (total === 0) {
          const end = held.subarray(0, length).indexOf(HEADERS_END);
          if (end < 0) return;
          const headers = held.toString('latin1', 0, end);
          bodyAt = end + HEADERS_END.length;
          total = bodyAt + Number(LENGTH.exec(headers)?.groups?.['bytes'] ?? 0);
          if (EXPECTS.test(headers)) socket.write(CONTINUE);
        }
        if (length < total) return;
        this.#take(held.subarray(bodyAt, total));
        // With the events, as Lago answers.
        const body = Buffer.from(held.subarray(bodyAt, total));
        if (this.#delayMs === 0) this.#answer(socket, body);
        else this.#work(() => this.#answer(socket, body));
        held.copyWithin(0, total, length);
        length -= total;
        total = 0;
      }
    });
  }

  #work(answer: () => void): void {
    this.#waiting.push(answer);
    this.#begin();
  }

  #begin(): void {
    while (this.#working < this.#workers && this.#waiting.length > 0) {
      const answer = this.#waiting.shift()!;
      this.#working++;
      setTimeout(() => {
        this.#working--;
        answer();
        this.#begin();
      }, this.#delayMs);
    }
  }

  #answer(socket: Socket, body: Buffer): void {
    socket.cork();
    socket.write(`${this.#head}${body.length}\r\n\r\n`);
    socket.write(body);
    socket.uncork();
  }

  #take(body: Buffer): void {
    const counts = this.#counts;
    counts.lastMs = nowMs();
    if (counts.requests++ === 0) {
      counts.firstMs = counts.lastMs;
      for (const { afterS, workers } of this.#changes) {
        setTimeout(() => {
          this.#workers = workers;
          this.#begin();
        }, afterS * 1000);
      }
    }
    counts.bytes += body.length;
    const places = this.#places;
    places.length = 0;
    for (let at = body.indexOf(ID); at >= 0; at = body.indexOf(ID, at + LEAST_EVENT_BYTES)) {
      places.push(at + ID.length);
    }
    counts.events += places.length;
    this.#ids.add(new DataView(body.buffer, body.byteOffset, body.length), places);
    this.#tell();
  }

  #tell(): void {
    if (this.#ids.size < this.#awaited) return;
    this.#awaited = Infinity;
    process.send?.({ reached: this.counts });
  }
}

/** The parent's handle. */
export class SinkProcess {
  readonly port: number;
  readonly pid: number;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.pid = child.pid!;
    this.port = port;
  }

  async counts(): Promise<SinkCounts> {
    return this.#ask<SinkCounts>({ counts: true }, 'counts');
  }

  /** Resolves when so many distinct events have arrived. */
  async reached(distinct: number): Promise<SinkCounts> {
    return this.#ask<SinkCounts>({ awaits: distinct }, 'reached');
  }

  async stop(): Promise<void> {
    const closed = once(this.#child, 'exit');
    this.#child.kill();
    await closed;
  }

  async #ask<T>(question: object, key: string): Promise<T> {
    const answer = new Promise<T>((resolve) => {
      const listen = (message: Record<string, T>): void => {
        if (message[key] === undefined) return;
        this.#child.off('message', listen);
        resolve(message[key]);
      };
      this.#child.on('message', listen);
    });
    this.#child.send(question);
    return answer;
  }
}

export async function startSink(options: SinkOptions): Promise<SinkProcess> {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(options)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: ['--max-semi-space-size=32'],
  });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return new SinkProcess(child, port);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const sink = new Sink(JSON.parse(process.argv[2] ?? '{}') as SinkOptions);
  const server = createServer((socket) => sink.serve(socket));
  process.on('message', (question: { counts?: true; awaits?: number }) => {
    if (question.counts === true) process.send?.({ counts: sink.counts });
    if (question.awaits !== undefined) sink.awaits(question.awaits);
  });
  process.on('disconnect', () => process.exit());
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    process.send?.({ port: typeof address === 'object' ? address?.port : 0 });
  });
}
