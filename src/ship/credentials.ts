/**
 * What we show a Lago, and whom we trust: the token and the certificate files. They may be renewed while we run, so they
 * are read again after a refusal that this would explain, at most once a minute.
 */
import { readFileSync } from 'node:fs';
import type { LagoDestinationConfig } from '../config/types.ts';
import type { Clock } from '../types.ts';

const LEAST_BETWEEN_MS = 60_000;

export interface CredentialsOptions {
  readonly config: LagoDestinationConfig;
  readonly clock: Clock;
  /** Reads the token again from where it came from; undefined when that is no file, or cannot be read. */
  readonly readToken: () => Promise<string | undefined>;
}

export class Credentials {
  readonly #options: CredentialsOptions;
  #token: string;
  #files: string;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(options: CredentialsOptions) {
    this.#options = options;
    this.#token = options.config.token;
    this.#files = this.#readFiles() ?? '';
  }

  get token(): string {
    return this.#token;
  }

  /** @returns what has changed since they were read the last time; undefined when nothing, or when that was just now */
  async renew(): Promise<{ token: boolean; files: boolean } | undefined> {
    const { clock, readToken } = this.#options;
    const now = clock.now();
    // A clock that was set back must not keep them from being read for ever.
    if (now >= this.#readAt && now - this.#readAt < LEAST_BETWEEN_MS) return undefined;
    this.#readAt = now;
    const token = (await readToken()) ?? this.#token;
    const files = this.#readFiles() ?? this.#files;
    const changed = { token: token !== this.#token, files: files !== this.#files };
    this.#token = token;
    this.#files = files;
    return changed.token || changed.files ? changed : undefined;
  }

  /** Undefined when one cannot be read: it may just be replaced. */
  #readFiles(): string | undefined {
    const { ca_file: ca, cert_file: cert, key_file: key } = this.#options.config;
    try {
      return [ca, cert, key]
        .map((file) => (file === undefined ? '' : readFileSync(file, 'latin1')))
        .join('\0');
    } catch {
      return undefined;
    }
  }
}
