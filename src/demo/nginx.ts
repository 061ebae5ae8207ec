/**
 * A private NGINX: its configuration, pid file, logs and temporary files are all in one folder. Runs in the
 * foreground as a child, as root or as anyone else.
 */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { access, constants, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DemoError } from '../errors.ts';
import { LOG_FORMAT } from './access-log.ts';
import type { Gateway, GatewayOptions } from './gateway.ts';

/** Where NGINX is often installed without being in the PATH of a normal user. */
const USUAL_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/local/nginx/sbin', '/opt/homebrew/bin'];

/** Somebody else may take the free port before NGINX does. */
const PORT_TRIES = 5;

/** The path of an executable `nginx`, or undefined. */
export async function findNginx(): Promise<string | undefined> {
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), ...USUAL_FOLDERS]) {
    const path = join(folder, 'nginx');
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (folder !== '' && found) return path;
  }
  return undefined;
}

export async function startNginx(executable: string, options: GatewayOptions): Promise<Gateway> {
  // NGINX writes its version and how it was built to stderr.
  const { stderr: build } = await promisify(execFile)(executable, ['-V']);
  await mkdir(join(options.directory, 'tmp'), { recursive: true });
  for (let tries = 1; ; tries++) {
    const port = await freePort();
    const token = randomUUID();
    await writeFile(join(options.directory, 'nginx.conf'), configuration(options, build, port, token));
    const child = spawn(executable, ['-p', options.directory, '-c', 'nginx.conf'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const complaints = collect(child);
    const url = `http://127.0.0.1:${port}`;
    if (await answers(child, url, token)) return gatewayOf(child, url, options.directory, build);
    const reason = await complaints;
    if (tries === PORT_TRIES || !reason.includes('Address already in use')) {
      throw new DemoError(`nginx does not start: ${reason.trim() || (await errorLog(options.directory))}`);
    }
  }
}

function gatewayOf(child: ChildProcess, url: string, directory: string, build: string): Gateway {
  const exited = hasExited(child) ? Promise.resolve() : once(child, 'exit');
  return {
    kind: 'nginx',
    name: `NGINX ${/nginx version: \S*?([\d.]+)/.exec(build)?.[1] ?? ''}`.trim(),
    url,
    logFile: join(directory, 'access.log'),
    reopen: () => void child.kill('SIGUSR1'),
    async stop() {
      // Workers finish what they are doing (`worker_shutdown_timeout` at most) and flush their logs.
      child.kill('SIGQUIT');
      await exited;
    },
  };
}

/**
 * All paths are relative to the prefix, so no character of the folder's name can mean anything to NGINX. Workers stay
 * root when the master is: another user could not reach a private folder to open its log again.
 */
function configuration(options: GatewayOptions, build: string, port: number, token: string): string {
  const user =
    process.getuid?.() === 0 ? `user ${process.platform === 'linux' ? 'root' : 'root wheel'};` : '';
  const temporary = ['proxy', 'fastcgi', 'uwsgi', 'scgi']
    .filter((module) => !build.includes(`--without-http_${module}_module`))
    .map((module) => `  ${module}_temp_path tmp/${module};`)
    .join('\n');
  return `daemon off;
${user}
worker_processes ${options.workerProcesses ?? 1};
worker_shutdown_timeout 1s;
pid nginx.pid;
error_log error.log notice;
events { worker_connections 1024; }
http {
  client_body_temp_path tmp/body;
${temporary}
  log_format usage escape=json '${LOG_FORMAT}';
  access_log access.log usage ${options.logParameters ?? ''};
  default_type text/plain;
  server {
    listen 127.0.0.1:${port};
    location = /get { return 200 "got\\n"; }
    location /anything { return 200 "anything\\n"; }
    location / { return 404; }
    location = /${token} { access_log off; return 200 "${token}"; }
  }
}
`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new DemoError('no free port');
  return address.port;
}

/** Resolves with true when this very NGINX answers, false when it has exited. */
async function answers(child: ChildProcess, url: string, token: string): Promise<boolean> {
  while (!hasExited(child)) {
    const text = await fetch(`${url}/${token}`, { headers: { connection: 'close' } }).then(
      (response) => response.text(),
      () => '',
    );
    if (text === token) return true;
    await delay(10);
  }
  return false;
}

const hasExited = (child: ChildProcess): boolean =>
  child.exitCode !== null || child.signalCode !== null || child.pid === undefined;

/** Everything that the process writes to stderr until it ends; NGINX says there why it does not start. */
async function collect(child: ChildProcess): Promise<string> {
  let text = '';
  child.stderr?.setEncoding('utf8');
  child.stderr?.on('data', (chunk: string) => (text = (text + chunk).slice(0, 10_000)));
  await once(child, 'close').catch((error: Error) => (text += error.message));
  return text;
}

const errorLog = (directory: string): Promise<string> =>
  readFile(join(directory, 'error.log'), 'utf8').catch(() => 'it says nothing');
