import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fingerprintOf } from '../../src/tail/fingerprint.ts';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

describe('a fingerprint', () => {
  it('is the hash of the first line without its newline', () => {
    expect(fingerprintOf(Buffer.from('one\ntwo\n'), false)).toEqual({ hash: sha('one'), bytes: 3 });
  });

  it('counts at most 1,024 bytes of it', () => {
    const line = 'x'.repeat(1024);
    expect(fingerprintOf(Buffer.from(line), false)).toEqual({ hash: sha(line), bytes: 1024 });
    expect(fingerprintOf(Buffer.from(`${line}\n`), false)).toEqual({ hash: sha(line), bytes: 1024 });
    expect(fingerprintOf(Buffer.from(`${line}yyy`), false)).toEqual({ hash: sha(line), bytes: 1024 });
    expect(fingerprintOf(Buffer.from(`${line.slice(1)}\nyyy`), false)?.bytes).toBe(1023);
  });

  it('is not known while the first line grows, and is made of what there is when it ends', () => {
    expect(fingerprintOf(Buffer.from('on'), false)).toBeUndefined();
    expect(fingerprintOf(Buffer.from('x'.repeat(1023)), false)).toBeUndefined();
    expect(fingerprintOf(Buffer.from('on'), true)).toEqual({ hash: sha('on'), bytes: 2 });
  });

  it('takes bytes as they are: carriage returns, marks, NUL, an empty line', () => {
    expect(fingerprintOf(Buffer.from('one\r\n'), false)?.bytes).toBe(4);
    expect(fingerprintOf(Buffer.from('\n'), false)).toEqual({ hash: sha(''), bytes: 0 });
    expect(fingerprintOf(Buffer.from([0xef, 0xbb, 0xbf, 0, 0xff, 10]), false)?.bytes).toBe(5);
  });
});
