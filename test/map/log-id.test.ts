import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { logId } from '../../src/map/log-id.ts';
import { GENERATION, mapLine, mapperOf } from './harness.ts';

function idOf(line: string | Buffer, offset: number, fingerprint = GENERATION.fingerprint): string {
  const bytes = Buffer.concat([Buffer.from('??'), Buffer.from(line), Buffer.from('??')]);
  return logId(bytes, 2, bytes.length - 2, { generation: { ...GENERATION, fingerprint }, offset });
}

describe('log_id', () => {
  it('is 32 hex digits of SHA-256 over fingerprint, offset and line', () => {
    const expected = createHash('sha256')
      .update(`${GENERATION.fingerprint}\x004096\x00{"a":"é"}`)
      .digest('hex');
    expect(idOf('{"a":"é"}', 4096)).toBe(expected.slice(0, 32));
  });

  it('does not depend on where the file is, nor on which disk', () => {
    const place = {
      generation: { ...GENERATION, dev: '9', ino: '9', path: '/backup/access.log.1.gz' },
      offset: 5,
    };
    expect(logId(Buffer.from('x'), 0, 1, place)).toBe(idOf('x', 5));
  });

  it('differs by line, by offset and by generation, and no digit can move from one to the other', () => {
    const ids = [
      idOf('x', 1),
      idOf('y', 1),
      idOf('x', 2),
      idOf('x', 1, 'f0'),
      idOf('1x', 1),
      idOf('x', 11),
      idOf('x\r', 1),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is the same for long lines after short ones and the other way round', () => {
    const long = 'x'.repeat(100_000);
    const [first, short] = [idOf(long, 7), idOf('s', 7)];
    expect([idOf(long, 7), idOf('s', 7)]).toEqual([first, short]);
  });

  it('cannot be set by a field of the line', () => {
    const mapper = mapperOf({
      event_transaction_id: '${log_id}',
      event_subscription_id: 's',
      event_timestamp: '1',
    });
    const line = '{"log_id":"forged"}';
    const [event] = mapLine(mapper, line, 12).events;
    expect(event?.json).toContain(`"transaction_id":"${idOf(line, 12)}"`);
  });
});
