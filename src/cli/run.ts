/** `tailmeter run`: the daemon. */
import { insecureEndpoints } from '../config/checks.ts';
import { secretsOf } from '../config/secrets.ts';
import type { Config } from '../config/types.ts';
import { ownStateDir } from '../control/owner.ts';
import type { Status } from '../control/status.ts';
import { createReporter } from '../observe/reporter.ts';
import { Pipeline } from '../pipeline.ts';
import { readConfigWithSecrets } from './config-file.ts';
import { stopSignal } from './signals.ts';
import { VERSION } from './version.ts';

/** How long requests in flight may take after a signal; a supervisor kills after 10 s (Docker) or later. */
const GRACE_MS = 5000;

export async function run(file: string): Promise<number> {
  const config = await readConfigWithSecrets(file);
  const signal = stopSignal();
  const daemon = await startDaemon(config);
  await daemon.stop(await signal);
  return 0;
}

/** Starts following; `stop` ends it in order. */
export async function startDaemon(config: Config): Promise<{ stop(signal: string): Promise<void> }> {
  const reporter = createReporter({ ...config.log, secrets: secretsOf(config) });
  let pipeline: Pipeline | undefined;
  const starting = { running: true, version: VERSION, pid: process.pid, state_dir: config.state_dir };
  const owner = await ownStateDir(
    config.state_dir,
    (): Status | typeof starting => pipeline?.status() ?? starting,
  );
  try {
    for (const address of insecureEndpoints(config)) reporter.report({ event: 'insecure_endpoint', address });
    pipeline = await Pipeline.open({ config, stateDir: config.state_dir, version: VERSION, reporter });
    reporter.report({
      event: 'started',
      version: VERSION,
      pid: process.pid,
      stateDir: config.state_dir,
      sources: config.sources.length,
      destinations: config.destinations.length,
    });
    await pipeline.follow();
  } catch (error) {
    await owner.release();
    throw error;
  }
  const running = pipeline;
  return {
    async stop(signal) {
      reporter.report({ event: 'stopping', signal });
      await running.stop(GRACE_MS);
      const pendingEvents = running.status().destinations.reduce((sum, { pending }) => sum + pending, 0);
      reporter.report({ event: 'stopped', pendingEvents });
      reporter.flush();
      await owner.release();
    },
  };
}
