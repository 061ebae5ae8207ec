import type { SchemaNode } from './node.ts';

/** `rules[]`: which lines become events, and what stands in them. The `event_*` keys are those of APISIX's `lago` plugin. */
export const ruleSchema: SchemaNode = {
  type: 'object',
  description:
    'Turns lines into usage events. Values are templates: `${name}`, `$name`, `${name ?? default}`, with dots for nested fields.',
  additionalProperties: false,
  required: ['event_code', 'event_subscription_id'],
  properties: {
    name: {
      type: 'string',
      minLength: 1,
      maxLength: 100,
      'x-filled': true,
      'x-default': '`rule-1`, `rule-2`, … by position',
      description: 'Names the rule in dead letters, counts and messages. Unique.',
      examples: ['api-calls'],
    },
    filter: {
      type: 'array',
      description:
        'Only lines that fit give an event; without a filter all do. Expressions of lua-resty-expr: conditions `[name, operator, value]` that must all hold, or a list that starts with `AND`, `OR`, `!AND` or `!OR`. Operators: `==`, `~=`, `>`, `>=`, `<`, `<=`, `~~`, `~*`, `in`, `has`, `ipmatch`, and `!` before one of them to negate it.',
      examples: [
        [
          ['status', '>=', 200],
          ['status', '<', 400],
          ['uri', '~~', '^/v1/'],
        ],
        ['OR', ['status', '==', 200], ['status', '==', 201]],
      ],
    },
    event_code: {
      type: 'string',
      minLength: 1,
      description: "The code of Lago's billable metric. Taken as it stands: no template.",
      examples: ['api_call'],
    },
    event_transaction_id: {
      type: 'string',
      minLength: 1,
      default: '${log_id}',
      description:
        'The id by which Lago de-duplicates (template). `${log_id}` is a stable id of the log line: it survives rotation and replay, and no client can influence it.',
      examples: ['${request_id}', 'req_${request_id}'],
    },
    event_subscription_id: {
      type: 'string',
      minLength: 1,
      description:
        "The external id of Lago's subscription (template). A line for which it is empty becomes a dead letter.",
      examples: ['${http_x_consumer_username}', 'cus_${consumer.username}'],
    },
    event_timestamp: {
      type: 'string',
      minLength: 1,
      'x-default': 'start of the request, as the format of the source gives it',
      description:
        "When the usage happened (template): Unix seconds, Unix milliseconds, ISO 8601 with an offset, or NGINX's `$time_local`.",
      examples: ['${msec}', '${started_at}'],
    },
    event_properties: {
      type: 'object',
      additionalProperties: { type: 'string', minLength: 1 },
      description:
        "The event's properties (templates). One that is exactly one variable keeps the type that the log has; any other is a string.",
      examples: [{ tier: 'expensive', status: '${status}' }],
    },
    precise_total_amount_cents: {
      type: 'string',
      minLength: 1,
      description: "The price of this usage in cents (template), for Lago's dynamic charges.",
      examples: ['${cost_cents}'],
    },
    to: {
      type: 'string',
      minLength: 1,
      'x-filled': true,
      'x-default': 'the only destination',
      description: 'The name of the destination. Required where there is more than one.',
      examples: ['lago'],
    },
  },
};
