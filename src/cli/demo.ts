/** `tailmeter demo`: the walk-through on this machine, without a network or a Lago. */
import { runDemo } from '../demo/demo.ts';
import { startDaemon } from './run.ts';

export function demo(keep: boolean): Promise<number> {
  return runDemo({
    keep,
    out: (text) => process.stdout.write(`${text}\n`),
    startDaemon: async (config) => {
      const daemon = await startDaemon(config);
      return { stop: () => daemon.stop('the end of the demo') };
    },
  });
}
