/** `tailmeter sandbox`: a local stand-in for Lago until stopped. */
import { isSystemError, ListenError } from '../errors.ts';
import { createSandbox } from '../sandbox/server.ts';
import { stopSignal } from './signals.ts';

export async function sandbox(options: { port: number; host: string }): Promise<number> {
  const signal = stopSignal();
  const server = await createSandbox(options).catch((error: unknown) => {
    throw isSystemError(error) ? cannotListen(options, error) : error;
  });
  process.stdout.write(
    `A stand-in for Lago listens on ${server.url}; its API key is lago_sandbox_key. It forgets all when it stops.\n`,
  );
  await signal;
  await server.close();
  return 0;
}

function cannotListen(
  { host, port }: { host: string; port: number },
  cause: NodeJS.ErrnoException,
): ListenError {
  const remedies: Readonly<Record<string, string>> = {
    EADDRINUSE: 'the port is in use; choose another one with --port',
    EACCES: 'this user may not use the port; choose one from 1024 on with --port',
    EADDRNOTAVAIL: 'this host does not have that address; choose another one with --host',
    ENOTFOUND: 'no such host; choose another address with --host',
  };
  const why = remedies[cause.code ?? ''] ?? cause.message;
  return new ListenError(`the sandbox cannot listen on ${host}, port ${port}: ${why}`, { cause });
}
