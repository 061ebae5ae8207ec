import { hostname } from 'node:os';
import { threadId } from 'node:worker_threads';
import { oneLine } from './entry.ts';
import type { LogEntry, LogStream, LogWriter } from './entry.ts';

/**
 * Writes lines in the shape of NGINX's error.log, as APISIX's batch processor leaves them there:
 *
 *     2023/04/30 13:45:46 [error] 19381#19381: *1075673 [lua] batch-processor.lua:95: Batch Processor[lago logger] …,
 *     context: ngx.timer, client: 127.0.0.1, server: 0.0.0.0:9080                                      (in one line)
 *
 * What has no counterpart here: the number after `*`, NGINX's connection, is that of the line since the start. The
 * place in the source is the plugin's for what its batch processor says, and `[tailmeter] event_name` for the rest.
 * The client is this host and the server its name. The date is local time, as NGINX's is.
 */
export function nginxWriter(stream: LogStream, now: () => Date): LogWriter {
  const thread = `${process.pid}#${process.pid + threadId}`;
  const place = `context: ngx.timer, client: 127.0.0.1, server: ${hostname()}`;
  let count = 0;
  return {
    write({ level, event, text }: LogEntry) {
      const origin = text.startsWith('Batch Processor[')
        ? '[lua] batch-processor.lua:95'
        : `[tailmeter] ${event}`;
      stream.write(
        `${timestamp(now())} [${level}] ${thread}: *${++count} ${origin}: ${oneLine(text)}, ${place}\n`,
      );
    },
  };
}

function timestamp(date: Date): string {
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('/');
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`;
}

function two(part: number): string {
  return String(part).padStart(2, '0');
}
