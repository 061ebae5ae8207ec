/**
 * The ways in which logs are rotated in the wild, done by the real tools.
 */
import { execFile } from 'node:child_process';
import { access, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Gateway } from '../../src/demo/gateway.ts';
import { findNginx } from '../../src/demo/nginx.ts';

const run = promisify(execFile);

const LOOK_MS = 5;

/** A normal user of Debian has no logrotate without these. */
const PATH = `${process.env['PATH']}:/usr/sbin:/usr/local/sbin`;

/** Rotates the gateway's log once. */
export type Rotate = (gateway: Gateway) => Promise<void>;

export interface LogrotateOptions {
  /** `create`, `nocreate`, `copytruncate`, `compress` … */
  readonly directives: readonly string[];
  /** Seconds between the rotation and the signal to the gateway; absent: it gets none. */
  readonly signalAfter?: number;
}

/** The real `logrotate`, with its configuration and its state beside the log. */
export function logrotate({ directives, signalAfter }: LogrotateOptions): Rotate {
  return async ({ logFile }) => {
    const folder = dirname(logFile);
    const [config, state] = [join(folder, 'logrotate.conf'), join(folder, 'logrotate.state')];
    const signal = `sleep ${signalAfter ?? 0}; kill -USR1 $(cat '${join(folder, 'nginx.pid')}')`;
    const script = signalAfter === undefined ? [] : ['postrotate', signal, 'endscript'];
    const lines = ['rotate 1000', ...directives, ...script];
    await writeFile(config, `"${logFile}" {\n${lines.join('\n')}\n}\n`, { mode: 0o600 });
    await run('logrotate', ['--force', '--state', state, config], { env: { ...process.env, PATH } });
    await reopened(logFile);
  };
}

/** Renamed by hand, then `nginx -s reopen`. */
export function renameAndReopen(): Rotate {
  let count = 0;
  return async ({ logFile }) => {
    await rename(logFile, `${logFile}-2026112${String(count++).padStart(4, '0')}`);
    await run((await findNginx()) ?? 'nginx', ['-p', dirname(logFile), '-c', 'nginx.conf', '-s', 'reopen']);
    await reopened(logFile);
  };
}

/** As APISIX's plugin `log-rotate` does: a dated prefix, USR1, and half a second later the old file is packed. */
export function apisixLogRotate(): Rotate {
  let count = 0;
  return async (gateway) => {
    const { logFile } = gateway;
    const folder = dirname(logFile);
    const time = new Date(Date.UTC(2026, 10, 20, 15, 0, count++)).toISOString();
    const name = `${time.slice(0, 19).replace('T', '_').replaceAll(':', '-')}__${basename(logFile)}`;
    await rename(logFile, join(folder, name));
    gateway.reopen();
    await delay(500);
    await run('tar', ['-zcf', join(folder, `${name}.tar.gz`), '-C', folder, name]);
    await rm(join(folder, name));
  };
}

/** Resolves when there is a log again: NGINX is told by a signal, and comes to it when it may. */
async function reopened(logFile: string): Promise<void> {
  for (;;) {
    const exists = await access(logFile).then(
      () => true,
      () => false,
    );
    if (exists) return;
    await delay(LOOK_MS);
  }
}
