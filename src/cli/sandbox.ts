/** `tailmeter sandbox`: a local stand-in for Lago until stopped. */
import { createSandbox } from '../sandbox/server.ts';
import { stopSignal } from './signals.ts';

export async function sandbox(options: { port: number; host: string }): Promise<number> {
  const signal = stopSignal();
  const server = await createSandbox(options);
  process.stdout.write(
    `A stand-in for Lago listens on ${server.url}; its API key is lago_sandbox_key. It forgets all when it stops.\n`,
  );
  await signal;
  await server.close();
  return 0;
}
