/**
 * A small gateway on this machine that writes a real access log: NGINX where it is installed, else a Node server that
 * writes the same lines. Everything that it needs lives in one folder; it listens on a free port of the loopback.
 */
import { DemoError } from '../errors.ts';
import { findNginx, startNginx } from './nginx.ts';
import { startNodeGateway } from './node-gateway.ts';

export interface GatewayOptions {
  /** An existing folder for the log, the configuration and temporary files. */
  readonly directory: string;
  /** Default: NGINX where it is installed. */
  readonly prefer?: 'nginx' | 'node';
  /** NGINX only; default 1. */
  readonly workerProcesses?: number;
  /** NGINX only: parameters of the log such as `buffer=16k flush=3s`; default none, each line is written at once. */
  readonly logParameters?: string;
}

/** Answers `GET /get` and `/anything…` with 200, everything else with 404. `X-Consumer-Username` is the consumer. */
export interface Gateway {
  readonly kind: 'nginx' | 'node';
  /** `NGINX 1.22.1` or `Node`, for people. */
  readonly name: string;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly logFile: string;
  /** Opens the log by its name again, as after a rotation. NGINX's workers do so a little later, each in its time. */
  reopen(): void;
  /** Ends it; the log is complete then. Safe to repeat. */
  stop(): Promise<void>;
}

/** @throws DemoError when NGINX is asked for and not there, or does not start. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const nginx = options.prefer === 'node' ? undefined : await findNginx();
  if (nginx !== undefined) return startNginx(nginx, options);
  if (options.prefer === 'nginx') throw new DemoError('there is no executable nginx in PATH');
  return startNodeGateway(options);
}
