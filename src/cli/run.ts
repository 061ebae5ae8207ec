/** `tailmeter run`: the daemon. */
import { resolve } from 'node:path';
import { insecureEndpoints } from '../config/checks.ts';
import { secretsOf } from '../config/secrets.ts';
import type { Config } from '../config/types.ts';
import { ownStateDir } from '../control/owner.ts';
import type { Status } from '../control/status.ts';
import { StateDirError } from '../errors.ts';
import { createReporter } from '../observe/reporter.ts';
import { Pipeline } from '../pipeline.ts';
import { readConfigWithSecrets } from './config-file.ts';
import { giveWay } from './give-way.ts';
import { stopSignal } from './signals.ts';
import { VERSION } from './version.ts';

/** How long requests in flight may take after a signal; a supervisor kills after 10 s (Docker) or later. */
const GRACE_MS = 5000;

export async function run(file: string): Promise<number> {
  const config = await readConfigWithSecrets(file);
  const signal = stopSignal();
  const daemon = await openDaemon(config, resolve(file));
  // A disk that refuses may keep the first lines from being taken, for as long as it does.
  await Promise.race([daemon.follow(), signal]);
  await daemon.stop(await signal);
  return 0;
}

/** Starts following; `stop` ends it in order. */
export async function startDaemon(config: Config): Promise<Pick<Daemon, 'stop'>> {
  const daemon = await openDaemon(config);
  await daemon.follow();
  return daemon;
}

interface Daemon {
  /** Resolves when every log that exists is open. May be called once, and ended by `stop`. */
  follow(): Promise<void>;
  /** @throws StateDirError when the last checkpoint cannot be written; all else is in order then */
  stop(signal: string): Promise<void>;
}

async function openDaemon(config: Config, configFile?: string): Promise<Daemon> {
  const reporter = createReporter({ ...config.log, secrets: secretsOf(config) });
  let pipeline: Pipeline | undefined;
  const starting = { running: true, version: VERSION, pid: process.pid, state_dir: config.state_dir };
  const owner = await ownStateDir(
    config.state_dir,
    (): Status | typeof starting => pipeline?.status() ?? starting,
    { renewed: () => void pipeline?.lookAfterState(), taken: giveWay },
  );
  try {
    for (const address of insecureEndpoints(config)) reporter.report({ event: 'insecure_endpoint', address });
    pipeline = await Pipeline.open({
      config,
      stateDir: config.state_dir,
      version: VERSION,
      reporter,
      ...(configFile === undefined ? {} : { configFile }),
    });
  } catch (error) {
    await owner.release();
    throw error;
  }
  const running = pipeline;
  reporter.report({
    event: 'started',
    version: VERSION,
    pid: process.pid,
    stateDir: config.state_dir,
    sources: config.sources.length,
    destinations: config.destinations.length,
  });
  return {
    async follow() {
      try {
        await running.follow();
      } catch (error) {
        await owner.release();
        throw error;
      }
    },
    async stop(signal) {
      reporter.report({ event: 'stopping', signal });
      try {
        await running.stop(GRACE_MS);
        const pendingEvents = running.status().destinations.reduce((sum, { pending }) => sum + pending, 0);
        reporter.report({ event: 'stopped', pendingEvents });
      } catch (cause) {
        const { message } = cause as Error;
        throw new StateDirError(
          `the last checkpoint cannot be written: ${message}; the next start does again what was done since the one before`,
          { cause },
        );
      } finally {
        reporter.flush();
        await owner.release();
      }
    },
  };
}
