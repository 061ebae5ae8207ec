/** Variables that a client can make as long as it likes, where long values cost the whole event. */
import type { Config, RuleConfig } from '../config/types.ts';
import type { ConfigProblem } from '../errors.ts';
import { parseTemplate } from './template.ts';

/** URI, query, cookies and headers of the request. */
const UNBOUNDED =
  /^(?:(?:http|arg|cookie)_.+|args|query_string|request_body|request|request_uri|uri|document_uri|request\.(?:headers|querystring|url|uri|body)\b.*)$/;
/** Headers that a gateway sets, and sets short. */
const OF_GATEWAY = /^http_(?:x_consumer_.+|x_credential_.+|x_request_id|host|x_anonymous_consumer)$/;

/** One warning per template; the path is that in the configuration. */
export function unboundedValues({ rules }: Pick<Config, 'rules'>): ConfigProblem[] {
  return rules.flatMap((rule, index) => ofRule(rule, `rules[${index}]`));
}

function ofRule(rule: RuleConfig, path: string): ConfigProblem[] {
  const { event_transaction_id, event_subscription_id, event_properties = {} } = rule;
  return [
    ...Object.entries({ event_transaction_id, event_subscription_id }).flatMap(([key, template]) =>
      problem(
        template,
        `${path}.${key}`,
        'an id longer than 1,024 bytes is a dead letter; use ${request_id}, ${log_id} or what the gateway sets',
      ),
    ),
    ...Object.entries(event_properties).flatMap(([key, template]) =>
      problem(
        template,
        `${path}.event_properties.${key}`,
        'Lago on Postgres (since v1.36) cannot store properties of more than about 2,600 bytes, so a client can make its ' +
          'events dead letters; log a short value (a route, a class), made by a map of NGINX for example',
      ),
    ),
  ];
}

function problem(template: string, path: string, remedy: string): ConfigProblem[] {
  const names = parseTemplate(template).flatMap((part) => (typeof part === 'string' ? [] : [part.name]));
  const chosen = names.filter((name) => UNBOUNDED.test(name) && !OF_GATEWAY.test(name));
  if (chosen.length === 0) return [];
  const variables = chosen.map((name) => `\${${name}}`).join(', ');
  return [{ path, message: `a client can make ${variables} as long as it likes: ${remedy}` }];
}
