/** The process of a follower: `follow.ts NAME FILE`. Says `ready`, and answers each message with the ids so far. */
import LogdnaTailFile from '@logdna/tail-file';
import TailFile from 'tail-file';
import { Tailer } from '../../src/tail/tailer.ts';
import type { LineBlock } from '../../src/types.ts';
import type { FollowerName } from './follower.ts';

const [, , name, file] = process.argv as [string, string, FollowerName, string];
const ID = /"request_id":"([^"]+)"/g;
const ids: string[] = [];

function take(text: string): void {
  for (const [, id = ''] of text.matchAll(ID)) ids.push(id);
}

const START: Readonly<Record<FollowerName, () => Promise<void>>> = {
  async 'tail-file'() {
    const tail = new TailFile(file, { startPos: 'start', force: true });
    tail.on('line', take);
    tail.on('error', (error) => console.error(`tail-file: ${error.message}`));
    await tail.startP();
  },
  async '@logdna/tail-file'() {
    const tail = new LogdnaTailFile(file, { startPos: 0, encoding: 'latin1' });
    let rest = '';
    tail.on('data', (data: string) => {
      const end = data.lastIndexOf('\n') + 1;
      take(rest + data.slice(0, end));
      rest = (end > 0 ? '' : rest) + data.slice(end);
    });
    tail.on('tail_error', (error: Error) => console.error(`@logdna/tail-file: ${error.message}`));
    await tail.start();
  },
  async tailmeter() {
    const tailer = new Tailer({
      sources: [{ path: file, start_at: 'beginning', max_line_bytes: 1024 * 1024, rotate_wait: 5 }],
      positions: new Map(),
      consumer: {
        lines: ({ bytes }: LineBlock) => take(bytes.toString('latin1')),
        oversize: () => {},
        ended: () => {},
      },
      reporter: { report: () => {} },
    });
    await tailer.start();
  },
};

process.on('message', () => process.send?.(ids));
await START[name]();
process.send?.('ready');
