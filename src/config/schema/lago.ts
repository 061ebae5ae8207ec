import type { SchemaNode } from './node.ts';

/** One day: a limit for durations, far below the 24.8 days at which timers overflow. */
const DAY_SECONDS = 86_400;

/**
 * `destinations[]` of type `lago`. Keys, types, defaults and limits are those of APISIX's `lago` plugin and its batch
 * processor; what is new: `type`, `concurrency`, the TLS files, `proxy`, `max_requests_per_second`. What differs:
 * `name`, an upper limit where a value could only be a mistake, and `max_retry_count`, which is unlimited when unset.
 */
export const lagoSchema: SchemaNode = {
  type: 'object',
  description: "Lago's events API, in the cloud or self-hosted.",
  additionalProperties: false,
  required: ['endpoint_addrs', 'token'],
  properties: {
    name: {
      type: 'string',
      pattern: '^[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,62}[A-Za-z0-9_-])?$',
      'x-expected':
        'at most 64 letters, digits, spaces, dots, underscores and hyphens, with a letter or digit first and no dot or space last',
      default: 'lago',
      description:
        'Names the destination in rules, status and messages, and its folder in the spool: another name is another queue. Unique, also without regard to case.',
      examples: ['lago-eu'],
    },
    type: {
      type: 'string',
      enum: ['lago'],
      default: 'lago',
      description: 'What kind of destination this is.',
      examples: ['lago'],
    },
    endpoint_addrs: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'string',
        pattern: '^[Hh][Tt][Tt][Pp][Ss]?://[^\\s/?#]+',
        'x-expected': 'a URL like https://api.getlago.com',
      },
      description:
        'Addresses of Lago. With several, each batch goes to one that works (`balance`); they must be the same Lago, since it de-duplicates by id.',
      examples: [
        ['https://api.getlago.com'],
        ['https://lago-1.internal:3000', 'https://lago-2.internal:3000'],
      ],
    },
    balance: {
      type: 'string',
      enum: ['least_in_flight', 'random'],
      default: 'least_in_flight',
      description:
        'Which of several addresses that work gets the next batch: the one with the fewest requests in flight, so that a slow one does not keep the others waiting, or a random one, as the plugin has it.',
      examples: ['random'],
    },
    endpoint_uri: {
      type: 'string',
      minLength: 1,
      pattern: '^/',
      'x-expected': 'a path that starts with /',
      default: '/api/v1/events/batch',
      description: 'The path of the batch endpoint, put behind the address.',
      examples: ['/lago/api/v1/events/batch'],
    },
    token: {
      type: 'string',
      minLength: 1,
      pattern: '^(?:\\$env://.+|\\$file://.+|[!-~]+)$',
      'x-expected': 'a key of printable ASCII characters without spaces, $env://NAME or $file:///path',
      'x-secret': true,
      description:
        'The API key of Lago: `$env://NAME` (environment variable), `$file:///path` (content of a file, without its trailing newline), or the key itself. A file is read again when Lago refuses the key, at most once a minute.',
      examples: ['$env://LAGO_API_KEY', '$file:///run/secrets/lago'],
    },
    answer_check: {
      type: 'string',
      enum: ['strict', 'status'],
      default: 'strict',
      description:
        'What counts as delivered. `strict`: an answer of Lago, which repeats every event that was sent; any other success (a catch-all, a login page) holds the destination. `status`: any success that is no web page, for a proxy that takes the body out of answers.',
      examples: ['status'],
    },
    batch_max_size: {
      type: 'integer',
      minimum: 1,
      maximum: 100,
      'x-why': 'Lago takes no more events in one request',
      default: 100,
      description: 'The most events in one request.',
      examples: [50],
    },
    large_event_bytes: {
      type: 'integer',
      minimum: 256,
      default: 2500,
      description:
        'Events of more bytes are sent in batches of their own. Lago on Postgres (since v1.36) cannot store an event whose properties take more than about 2,600 bytes in an index row, and refuses the whole batch with a 500.',
      examples: [10_000],
    },
    inactive_timeout: {
      type: 'integer',
      minimum: 1,
      maximum: DAY_SECONDS,
      default: 5,
      description: 'Seconds without a new event after which those collected are sent.',
      examples: [1],
    },
    buffer_duration: {
      type: 'integer',
      minimum: 1,
      maximum: DAY_SECONDS,
      default: 60,
      description: 'Seconds after which the oldest event collected is sent in any case.',
      examples: [10],
    },
    max_retry_count: {
      type: 'integer',
      minimum: 0,
      'x-default': 'unlimited',
      description:
        "How often a failed batch is tried again before its events become dead letters. Leave it unset to try until Lago answers; `0` is the plugin's default.",
      examples: [10],
    },
    retry_delay: {
      type: 'integer',
      minimum: 0,
      maximum: DAY_SECONDS,
      default: 1,
      description: 'Seconds before the first retry; the wait grows from there, with jitter.',
      examples: [2],
    },
    concurrency: {
      type: 'integer',
      minimum: 1,
      maximum: 256,
      default: 16,
      description:
        'The most requests in flight at a time. How many there are is found out: as many as a server takes without getting slower.',
      examples: [4],
    },
    max_requests_per_second: {
      type: 'number',
      exclusiveMinimum: 0,
      'x-default': 'unlimited',
      description: 'The most requests a second. Lago Cloud takes 50 batches a second per organization.',
      examples: [45],
    },
    ssl_verify: {
      type: 'boolean',
      default: true,
      description:
        'Whether the certificate of the server is verified. Without it anyone on the way can read the key.',
      examples: [false],
    },
    timeout: {
      type: 'integer',
      minimum: 1,
      maximum: 60_000,
      default: 3000,
      description:
        'Milliseconds to wait: for a connection, and for each next byte of an answer that has begun; where another address works, also for its first.',
      examples: [10_000],
    },
    answer_timeout: {
      type: 'integer',
      minimum: 1,
      maximum: 600_000,
      default: 30_000,
      description:
        'Milliseconds to wait for the first byte of an answer. Where that is not enough it grows, up to four times: what was sent is probably stored, and would be sent again.',
      examples: [60_000],
    },
    keepalive: {
      type: 'boolean',
      default: true,
      description: 'Whether connections are kept open between requests.',
      examples: [false],
    },
    keepalive_timeout: {
      type: 'integer',
      minimum: 1000,
      maximum: DAY_SECONDS * 1000,
      default: 60_000,
      description: 'Milliseconds for which an idle connection is kept open.',
      examples: [30_000],
    },
    keepalive_lifetime: {
      type: 'integer',
      minimum: 1000,
      maximum: DAY_SECONDS * 1000,
      default: 300_000,
      description:
        'Milliseconds after which a connection is replaced, also when it is busy, so that a name which leads elsewhere by now is followed.',
      examples: [60_000],
    },
    keepalive_pool: {
      type: 'integer',
      minimum: 1,
      default: 5,
      description:
        'The connections per address that are kept open without a request. Those beyond it, opened when more requests are in flight, are closed when they had none for twice `inactive_timeout`.',
      examples: [16],
    },
    ca_file: {
      type: 'string',
      minLength: 1,
      'x-default': "Node's certificate authorities",
      description:
        'Certificates (PEM) of the authorities to trust. A relative path starts at the folder of this file. Like `cert_file` and `key_file`, it is read again when a handshake fails, at most once a minute.',
      examples: ['/etc/tailmeter/ca.pem'],
    },
    cert_file: {
      type: 'string',
      minLength: 1,
      description: 'Client certificate (PEM) for mutual TLS; needs `key_file`.',
      examples: ['/etc/tailmeter/client.pem'],
    },
    key_file: {
      type: 'string',
      minLength: 1,
      description: 'Private key (PEM) of the client certificate; needs `cert_file`.',
      examples: ['/etc/tailmeter/client.key'],
    },
    proxy: {
      type: 'string',
      pattern: '^(?:[Hh][Tt][Tt][Pp][Ss]?://[^\\s/?#]+|\\$env://|\\$file://|env$)',
      'x-expected': 'a URL like http://proxy.internal:3128, $env://NAME, $file:///path or env',
      'x-secret': true,
      'x-default': 'no proxy',
      description:
        'HTTP proxy through which Lago is reached: a URL, a reference as for `token`, or `env`: whatever `HTTPS_PROXY` (`http_proxy` for http), `ALL_PROXY` and `NO_PROXY` of the environment say about each address.',
      examples: ['http://proxy.internal:3128', '$env://LAGO_PROXY'],
    },
  },
};
