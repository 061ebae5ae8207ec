import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Status } from '../../src/control/status.ts';

const BIN = fileURLToPath(new URL('../../bin/tailmeter.js', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of the built executable to its end. */
export async function tailmeter(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const child = spawn(process.execPath, [BIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child, 'stdout'),
    text(child, 'stderr'),
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  return { code, signal, stdout, stderr };
}

/** One line of the JSON log. */
export type LogEntry = Readonly<Record<string, unknown>> & { readonly event?: string };

/** A running daemon (`tailmeter run`), a process of its own. */
export class Daemon {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown[]>;
  readonly #waiting = new Set<{
    matches: (entry: LogEntry) => boolean;
    resolve: (entry: LogEntry) => void;
  }>();
  readonly log: LogEntry[] = [];

  /** Resolves when the daemon says that it has started. The configuration must log as JSON. */
  static async start(
    config: string,
    env: NodeJS.ProcessEnv = {},
    user?: number,
    prefix: readonly string[] = [],
  ): Promise<Daemon> {
    const daemon = new Daemon(config, env, user, prefix);
    await daemon.logged(({ event }) => event === 'started');
    return daemon;
  }

  /** Does not wait: it may be killed while it starts. */
  static spawn(config: string): Daemon {
    return new Daemon(config, {});
  }

  /** @param prefix a command that runs the one behind it in its own place */
  private constructor(config: string, env: NodeJS.ProcessEnv, user?: number, prefix: readonly string[] = []) {
    const [command, ...args] = [...prefix, process.execPath, BIN, 'run', '--config', config];
    this.#child = spawn(command, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
      ...(user === undefined ? {} : { uid: user, gid: user }),
    });
    this.#closed = once(this.#child, 'close');
    if (this.#child.stderr === null) throw new Error('no stderr');
    createInterface({ input: this.#child.stderr }).on('line', (line) => this.#take(line));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The first log entry, past or future, that matches. Rejects when the daemon ends without it. */
  async logged(matches: (entry: LogEntry) => boolean): Promise<LogEntry> {
    const past = this.log.find((entry) => matches(entry));
    if (past !== undefined) return past;
    const { promise, resolve } = Promise.withResolvers<LogEntry>();
    this.#waiting.add({ matches, resolve });
    const ended = this.#closed.then(() => {
      throw new Error(`the daemon ended before it said so: ${JSON.stringify(this.log)}`);
    });
    return Promise.race([promise, ended]);
  }

  /** Resolves with its exit code when it has ended by itself. */
  async ended(): Promise<number | null> {
    await this.#closed;
    return this.#child.exitCode;
  }

  /** Halts it, or lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  /** The most memory that it has ever held, in bytes. Linux only. */
  async peakMemory(): Promise<number> {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }

  /** Asks it to end, and waits for it. */
  async stop(signal: 'SIGTERM' | 'SIGINT' = 'SIGTERM'): Promise<number | null> {
    this.#child.kill(signal);
    await this.#closed;
    return this.#child.exitCode;
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }

  #take(line: string): void {
    let entry: LogEntry;
    try {
      entry = JSON.parse(line) as LogEntry;
    } catch {
      entry = { text: line };
    }
    this.log.push(entry);
    for (const waiter of this.#waiting) {
      if (!waiter.matches(entry)) continue;
      this.#waiting.delete(waiter);
      waiter.resolve(entry);
    }
  }
}

/** `tailmeter status --json`. */
export async function statusOf(config: string): Promise<Status> {
  const { stdout, stderr, code } = await tailmeter(['status', '--config', config, '--json']);
  if (code !== 0) throw new Error(`status failed: ${stderr}`);
  return JSON.parse(stdout) as Status;
}

/** Asks for the status until it is as wished. */
export async function statusWhen(config: string, wished: (status: Status) => boolean): Promise<Status> {
  for (;;) {
    const status = await statusOf(config);
    if (wished(status)) return status;
  }
}

async function text(child: ChildProcess, stream: 'stdout' | 'stderr'): Promise<string> {
  let all = '';
  for await (const part of child[stream] ?? []) all += String(part);
  return all;
}
