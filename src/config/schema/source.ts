import type { SchemaNode } from './node.ts';

/** The log formats that have a name. */
const PRESETS = ['nginx', 'apisix', 'apisix-file-logger', 'kong-file-log', 'litellm', 'json'];

/** `sources[]`: a log file, or the files of a glob. */
export const sourceSchema: SchemaNode = {
  type: 'object',
  description: 'A log file to follow, or several by a glob.',
  additionalProperties: false,
  required: ['path'],
  properties: {
    path: {
      type: 'string',
      minLength: 1,
      description:
        'The log file, or a glob (`*`, `?`, `**`, `[…]`, `{a,b}`). A relative path starts at the folder of this configuration file. The file may appear later; rotated files beside it are found by themselves (docs/rotation.md).',
      examples: ['/var/log/nginx/access.log', '/var/log/nginx/*.access.log'],
    },
    format: {
      description:
        'What a line looks like. A preset chooses where the timestamp comes from and which short names nested fields have; `json` is any JSON object per line and chooses nothing. `log_format` takes the plain-text format of an NGINX `log_format` directive.',
      default: 'nginx',
      'x-expected': `one of ${PRESETS.join(', ')}, or { log_format: "…" }`,
      anyOf: [
        { type: 'string', enum: PRESETS },
        {
          type: 'object',
          additionalProperties: false,
          required: ['log_format'],
          properties: {
            log_format: {
              type: 'string',
              minLength: 1,
              description: 'The string of the `log_format` directive, variables and literal text alike.',
              examples: ['$remote_addr [$time_local] "$request" $status $request_time $request_id'],
            },
          },
        },
      ],
      examples: ['nginx', 'apisix', { log_format: '$remote_addr [$time_local] "$request" $status' }],
    },
    start_at: {
      type: 'string',
      enum: ['beginning', 'end'],
      default: 'beginning',
      description:
        'Where to start in a file that is there already when there is no checkpoint yet. Files that appear later are read from their beginning.',
      examples: ['end'],
    },
    rotated: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: [],
      description:
        'Where rotated files of this log go when it is another folder (`olddir`) or they have names that are not known (docs/rotation.md): globs, relative to the folder of this configuration file. What matches is looked at like the rotated files beside the log: read where it is one of this log, left alone where it is not.',
      examples: [
        ['/var/log/nginx/old/access.log*'],
        ['/var/log/nginx/access.log.{Mon,Tue,Wed,Thu,Fri,Sat,Sun}'],
      ],
    },
    max_line_bytes: {
      type: 'integer',
      minimum: 1024,
      maximum: 67_108_864,
      default: 1_048_576,
      description: 'A longer line (bytes) becomes a dead letter; reading goes on at the next one.',
      examples: [262_144],
    },
    id_salt: {
      type: 'string',
      minLength: 1,
      description:
        'A text that is hashed into `${log_id}`, for logs that can hold equal lines at equal places: of several virtual hosts (`${file}`, the path of the followed log, also for its rotated files and in a replay) or several gateways (`gateway-1 ${file}`). Set it before the first line is read: with another salt the same line has another id, and a replay bills it again.',
      examples: ['${file}'],
    },
    plausible_age: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 1_000_000_000_000,
      default: 34_560_000,
      description:
        'Seconds (400 days unless set). A line whose time is longer ago when it is first read becomes a dead letter, `implausible_timestamp`: it would be billed in a period that is long closed. `replay --allow-old` takes it.',
      examples: [63_072_000],
    },
    plausible_future: {
      type: 'number',
      minimum: 0,
      maximum: 1_000_000_000_000,
      default: 3600,
      description:
        'Seconds. A line whose time is so much later than the clock of this host becomes a dead letter, `implausible_timestamp`.',
      examples: [300],
    },
    rotate_wait: {
      type: 'number',
      minimum: 0,
      maximum: 3600,
      default: 5,
      description:
        'Seconds for which a file that was rotated away must have been quiet before it counts as finished. More than the `flush=` time of a buffered access log.',
      examples: [10],
    },
  },
};
