/**
 * Which parts of an event's identity a client can choose. A client that can repeat a transaction id makes its own usage
 * disappear (Lago keeps one event per id); one that can choose the subscription lets others pay.
 */
import type { Config, RuleConfig } from '../config/types.ts';
import type { ConfigProblem } from '../errors.ts';
import { parseTemplate } from './template.ts';

/** Variables that a gateway copies from the request as the client sent it. */
const FROM_CLIENT =
  /^(?:(?:http|arg|cookie)_.+|args|query_string|request_body|request|request_uri|uri|document_uri|host|http_host|end_user|llm_end_user_id|request_tags|request\.(?:headers|querystring|url|uri|body)\b.*|llm_summary\.end_user_id)$/;

const REMEDIES = {
  event_transaction_id: 'use ${request_id}, which NGINX makes, or ${log_id}',
  event_subscription_id:
    'use what the gateway sets after authentication (${remote_user}, ${consumer.username}), or let every route clear and set that header',
} as const;

/** One warning per rule and template; the path is that of the template in the configuration. */
export function clientControlled({ rules }: Pick<Config, 'rules'>): ConfigProblem[] {
  return rules.flatMap((rule, index) => [
    ...warning(rule, index, 'event_transaction_id'),
    ...warning(rule, index, 'event_subscription_id'),
  ]);
}

function warning(rule: RuleConfig, index: number, key: keyof typeof REMEDIES): ConfigProblem[] {
  const names = parseTemplate(rule[key]).flatMap((part) => (typeof part === 'string' ? [] : [part.name]));
  const chosen = names.filter((name) => FROM_CLIENT.test(name));
  // With one part that the client cannot foresee, the id as a whole is out of its hands.
  const safe =
    key === 'event_transaction_id' && names.some((name) => name === 'log_id' || name === 'request_id');
  if (chosen.length === 0 || safe) return [];
  const variables = chosen.map((name) => `\${${name}}`).join(', ');
  return [{ path: `rules[${index}].${key}`, message: `a client can choose ${variables}; ${REMEDIES[key]}` }];
}
