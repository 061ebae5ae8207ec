/** Two rules with filters for nested lines: tokens of the AI proxy, and calls. */
import type { RuleConfig } from '../src/config/types.ts';

export const KONG_RULES: readonly RuleConfig[] = [
  {
    name: 'tokens',
    filter: [['ai.proxy.usage.total_tokens', '>', 0]],
    event_code: 'tokens',
    event_transaction_id: 't${request.id}',
    event_subscription_id: '${consumer.custom_id}',
    event_properties: {
      model: '${llm_model}',
      tokens: '${llm_total_tokens}',
      team: '${http_x_team ?? none}',
    },
    to: 'lago',
  },
  {
    name: 'calls',
    filter: [
      ['uri', '~~', '^/v1/'],
      ['status', '<', 400],
    ],
    event_code: 'calls',
    event_transaction_id: '${request.id}',
    event_subscription_id: '${consumer.custom_id}',
    event_properties: { status: '${status}', uri: '${uri}' },
    to: 'lago',
  },
];

/** How many events they make of a line of `kongLines`. */
export function kongEvents(line: string): number {
  const { request, response, ai } = JSON.parse(line) as {
    readonly request: { readonly uri: string };
    readonly response: { readonly status: number };
    readonly ai?: { readonly proxy: { readonly usage: { readonly total_tokens: number } } };
  };
  const tokens = ai !== undefined && ai.proxy.usage.total_tokens > 0 ? 1 : 0;
  return tokens + (request.uri.startsWith('/v1/') && response.status < 400 ? 1 : 0);
}
