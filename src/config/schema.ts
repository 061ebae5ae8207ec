/**
 * The configuration's one definition: a JSON Schema (draft-07).
 *
 * Validation and defaults (`validator.ts`), the types (`types.ts`), the schema for editors
 * (`schema/config.schema.json`) and the reference page (`docs/configuration.md`) are made from it by
 * `npm run generate`. Change a key here, and nowhere else.
 */
import { deadSchema, logSchema, spoolSchema } from './schema/daemon.ts';
import { lagoSchema } from './schema/lago.ts';
import type { SchemaNode } from './schema/node.ts';
import { ruleSchema } from './schema/rule.ts';
import { sourceSchema } from './schema/source.ts';

export const configSchema: SchemaNode = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  description: 'Configuration of tailmeter.',
  type: 'object',
  additionalProperties: false,
  required: ['sources', 'rules', 'destinations'],
  properties: {
    $schema: {
      type: 'string',
      description: 'For editors, in a JSON file; ignored. In YAML use `# yaml-language-server: $schema=…`.',
      examples: ['./config.schema.json'],
    },
    state_dir: {
      type: 'string',
      minLength: 1,
      default: '/var/lib/tailmeter',
      description:
        'Folder for checkpoints, the queue and dead letters; one daemon at a time. A relative path starts at the folder of this file.',
      examples: ['/var/lib/tailmeter'],
    },
    sources: {
      type: 'array',
      minItems: 1,
      items: { $ref: '#/definitions/SourceConfig' },
      description: 'The logs to read. Each file belongs to one source.',
      examples: [[{ path: '/var/log/nginx/access.log', format: 'nginx' }]],
    },
    rules: {
      type: 'array',
      minItems: 1,
      items: { $ref: '#/definitions/RuleConfig' },
      description: 'Which lines become which events. They apply to all sources, in this order.',
      examples: [[{ event_code: 'api_call', event_subscription_id: '${http_x_consumer_username}' }]],
    },
    match: {
      type: 'string',
      enum: ['all', 'first'],
      default: 'all',
      description: '`all`: every rule that fits a line gives an event. `first`: only the first one does.',
      examples: ['first'],
    },
    destinations: {
      type: 'array',
      minItems: 1,
      items: { $ref: '#/definitions/LagoDestinationConfig' },
      description: 'Where the events go.',
      examples: [[{ endpoint_addrs: ['https://api.getlago.com'], token: '$env://LAGO_API_KEY' }]],
    },
    // With these defaults, ajv goes on to apply the defaults inside.
    spool: { $ref: '#/definitions/SpoolConfig', default: {} },
    dead: { $ref: '#/definitions/DeadConfig', default: {} },
    log: { $ref: '#/definitions/LogConfig', default: {} },
  },
  definitions: {
    SourceConfig: sourceSchema,
    RuleConfig: ruleSchema,
    LagoDestinationConfig: lagoSchema,
    SpoolConfig: spoolSchema,
    DeadConfig: deadSchema,
    LogConfig: logSchema,
  },
};
