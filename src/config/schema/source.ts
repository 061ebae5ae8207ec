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
        'The log file, or a glob (`*`, `?`, `**`, `[…]`, `{a,b}`). A relative path starts at the folder of this configuration file. The file may appear later; its rotated siblings are found by themselves.',
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
    max_line_bytes: {
      type: 'integer',
      minimum: 1024,
      maximum: 67_108_864,
      default: 1_048_576,
      description: 'A longer line (bytes) becomes a dead letter; reading goes on at the next one.',
      examples: [262_144],
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
