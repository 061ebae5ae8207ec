import type { SchemaNode } from './node.ts';

/** `spool`: how much disk the queue may take. */
export const spoolSchema: SchemaNode = {
  type: 'object',
  description:
    'Limits of the queue on disk. When one is reached reading pauses: the log itself is then the buffer, and nothing is lost as long as it is kept.',
  additionalProperties: false,
  properties: {
    max_bytes: {
      type: 'integer',
      minimum: 1_048_576,
      default: 10_737_418_240,
      description: 'The most bytes of events that wait for delivery, all destinations together.',
      examples: [1_073_741_824],
    },
    min_free_bytes: {
      type: 'integer',
      minimum: 0,
      default: 268_435_456,
      description: 'Bytes that always stay free on the disk of `state_dir`.',
      examples: [1_073_741_824],
    },
  },
};

/** `dead`: how much disk the dead letters may take. */
export const deadSchema: SchemaNode = {
  type: 'object',
  description:
    'How much disk the dead letters may take, and what becomes of those beyond it. Events that Lago refused always keep their letter, with their body; they count.',
  additionalProperties: false,
  properties: {
    max_bytes: {
      type: 'integer',
      minimum: 1_048_576,
      default: 1_073_741_824,
      description:
        'The most bytes of dead letters. Clear away whole files, the oldest first, to make room: no restart is needed.',
      examples: [10_737_418_240],
    },
    on_full: {
      type: 'string',
      enum: ['sample', 'pause'],
      default: 'sample',
      description:
        '`sample`: lines that fail beyond it get no letter; they are counted by reason, with the bytes of the log in which they stand (`tailmeter status`), and `tailmeter replay` of that log reads them again. `pause`: reading pauses until there is room.',
      examples: ['pause'],
    },
  },
};

/** `log`: the daemon's own log, on standard error. */
export const logSchema: SchemaNode = {
  type: 'object',
  description: "The daemon's own log, on standard error.",
  additionalProperties: false,
  properties: {
    level: {
      type: 'string',
      enum: ['debug', 'info', 'warn', 'error'],
      default: 'info',
      description: 'The least severe level that is written.',
      examples: ['warn'],
    },
    format: {
      type: 'string',
      enum: ['json', 'nginx', 'pretty'],
      default: 'json',
      description:
        "`json`: one object per line. `nginx`: the shape of NGINX's error.log, so that alerts on the words of APISIX's plugin go on matching. `pretty`: for people.",
      examples: ['nginx'],
    },
  },
};
