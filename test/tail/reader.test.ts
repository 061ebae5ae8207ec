import { describe, expect, it } from 'vitest';
import type { Content, ContentStat } from '../../src/tail/content.ts';
import { ReadBuffer } from '../../src/tail/line-reader.ts';
import { GenerationReader } from '../../src/tail/reader.ts';
import { Recorder } from './harness.ts';

/** A file to which `late` is written right behind a read that found nothing more. */
class LateFile implements Content {
  readonly growing = true;
  bytes = Buffer.from('one\n');
  late = 'two\n';

  read(into: Buffer, length: number, position: number): Promise<number> {
    const count = this.peek(into, length, position);
    if (count === 0 && this.late !== '') {
      this.bytes = Buffer.concat([this.bytes, Buffer.from(this.late)]);
      this.late = '';
    }
    return Promise.resolve(count);
  }

  head(into: Buffer, length: number): Promise<number> {
    return this.read(into, length, 0);
  }

  prepare(): boolean {
    return true;
  }

  peek(into: Buffer, length: number, position: number): number {
    return this.bytes.copy(into, 0, position, position + length);
  }

  forget(): void {}

  glance(): ContentStat {
    return { size: this.bytes.length, mtimeNs: BigInt(this.bytes.length), links: 1 };
  }

  stat(): Promise<ContentStat> {
    return Promise.resolve(this.glance());
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

describe('a turn of a log', () => {
  it('does not end with less than the file is known to have', async () => {
    const content = new LateFile();
    const recorder = new Recorder();
    const reader = new GenerationReader(
      {
        path: '/log',
        kind: 'plain',
        dev: '1',
        ino: '2',
        size: 4,
        mtimeNs: 4n,
        ctimeNs: 4n,
        birthNs: 4n,
        version: '4',
        content,
      },
      {
        source: '/log',
        maxLineBytes: 1024,
        consumer: recorder,
        buffer: new ReadBuffer(),
        elapsed: () => performance.now(),
      },
    );
    const fingerprint = (await reader.identify())!;
    const generation = {
      dev: '1',
      ino: '2',
      path: '/log',
      fingerprint: fingerprint.hash,
      fingerprintBytes: fingerprint.bytes,
    };
    reader.known = {
      generation,
      offset: 0,
      status: 'open',
      missed: 0,
      missedSince: 0,
      truncated: false,
    };
    await reader.begin(true);
    expect(await reader.turn()).toBe('idle');
    expect(recorder.texts).toEqual(['one']);
    expect(await reader.turn()).toBe('delivered');
    expect(recorder.texts).toEqual(['one', 'two']);
    expect(await reader.turn()).toBe('idle');
  });
});
