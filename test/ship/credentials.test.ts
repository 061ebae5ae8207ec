import { describe, expect, it } from 'vitest';
import { Credentials } from '../../src/ship/credentials.ts';
import { ManualClock } from './support/clocks.ts';
import { events } from './support/memory-queue.ts';
import { destination, lagoServer, rig } from './support/setup.ts';

describe('credentials', () => {
  it('are read again at most once a minute, and tell only what has changed', async () => {
    const clock = new ManualClock();
    let read = 0;
    const tokens: (string | undefined)[] = [undefined, 'two', 'two', 'three'];
    const config = destination(['http://127.0.0.1:1'], { token: 'one' });
    const credentials = new Credentials({ config, clock, readToken: () => Promise.resolve(tokens[read++]) });
    // The file is just replaced, and not there.
    expect(await credentials.renew()).toBeUndefined();
    clock.advance(59_999);
    expect(await credentials.renew()).toBeUndefined();
    expect({ read, token: credentials.token }).toEqual({ read: 1, token: 'one' });
    clock.advance(1);
    expect(await credentials.renew()).toEqual({ token: true, files: false });
    expect(credentials.token).toBe('two');
    clock.advance(60_000);
    expect(await credentials.renew()).toBeUndefined();
    clock.advance(60_000);
    expect(await credentials.renew()).toEqual({ token: true, files: false });
  });

  it('that are refused for another reason are held as before', async () => {
    const server = await lagoServer();
    server.behave = () => ({ status: 401 });
    const clock = new ManualClock();
    const setup = rig(destination([server.address]), clock);
    setup.queue.seal(events(3));
    setup.shipper.start();
    expect(await clock.asleep(1)).toEqual([30_000]);
    expect(setup.reported('credentials_renewed')).toEqual([]);
    expect(setup.shipper.status().held?.remedy).toContain('check token');
  });
});
