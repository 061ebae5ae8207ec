import { describe, expect, it } from 'vitest';
import { doubtful } from '../../src/map/doubtful.ts';
import { rule } from './harness.ts';

const places = (parts: Parameters<typeof rule>[0]): string[] =>
  doubtful({ rules: [rule(parts)] }).map(({ path }) => path);

describe('a filter that leaves failures out, but takes status 000, is warned of', () => {
  it.each([
    [[['status', '<', 400]]],
    [
      [
        ['status', '<=', 399],
        ['uri', '~~', '^/v1/'],
      ],
    ],
    [['OR', ['status', '<', 400], ['uri', '==', '/x']]],
    [['!OR', ['status', '>=', 400], ['uri', '==', '/x']]],
    [[['status', '!', '>', 399]]],
    [[['response.status', '<', 500]]],
    [[['upstream_status', '~~', '^[0-3]']]],
  ])('%j', (filter) => {
    // Where something else alone lets a line pass, failures pass, too.
    expect(places({ filter })).toEqual(filter[0] === 'OR' ? [] : ['rules[0].filter']);
  });

  it.each([
    [[]],
    [[['uri', '~~', '^/v1/']]],
    [
      [
        ['status', '>=', 200],
        ['status', '<', 400],
      ],
    ],
    [[['status', '==', 200]]],
    [[['status', 'in', [200, 204]]]],
    [[['status', '~~', '^[23]']]],
    [[['status', '~=', 404]]],
    [
      [
        'AND',
        ['OR', ['uri', '==', '/a'], ['uri', '==', '/b']],
        [
          ['status', '<', 300],
          ['status', '>', 199],
        ],
      ],
    ],
  ])('and no other: %j', (filter) => {
    expect(places({ filter })).toEqual([]);
  });
});

describe('a property that is a list of numbers where several upstreams were tried is warned of', () => {
  it.each(['${upstream_response_time}', '$upstream_bytes_sent', '${upstream_header_time ?? 0}'])(
    '%s',
    (p) => {
      expect(places({ event_properties: { p } })).toEqual(['rules[0].event_properties.p']);
    },
  );

  it('and none that is a number, text anyway, or held to be a number by the filter', () => {
    expect(
      places({ event_properties: { a: '${request_time}', b: 'in ${upstream_response_time} s' } }),
    ).toEqual([]);
    const filter = [['upstream_response_time', '~~', '^[0-9.]+$']];
    expect(places({ filter, event_properties: { p: '${upstream_response_time}' } })).toEqual([]);
    expect(
      places({
        filter: [['upstream_response_time', '>', 0]],
        event_properties: { p: '${upstream_response_time}' },
      }),
    ).toEqual([]);
  });
});
