import { expect, it } from 'vitest';
import type { RuleConfig } from '../../src/config/types.ts';
import { unboundedValues } from '../../src/map/unbounded.ts';

function warnedOf(rule: Partial<RuleConfig>): string[] {
  const { event_transaction_id = '${log_id}', event_subscription_id = '${remote_user}' } = rule;
  const whole = { name: 'a', event_code: 'c', ...rule, event_transaction_id, event_subscription_id };
  return unboundedValues({ rules: [whole as RuleConfig] }).map(({ path }) => path);
}

it.each([
  'uri',
  'request_uri',
  'args',
  'arg_q',
  'http_referer',
  'http_user_agent',
  'cookie_sid',
  'request',
  'http_x_tag',
])('warns of a property, or an id, of ${%s}', (name) => {
  expect(warnedOf({ event_properties: { p: `a-\${${name}}` } })).toEqual(['rules[0].event_properties.p']);
  expect(warnedOf({ event_transaction_id: `\${${name}}` })).toEqual(['rules[0].event_transaction_id']);
  expect(warnedOf({ event_subscription_id: `\${${name}}` })).toEqual(['rules[0].event_subscription_id']);
});

it('does not warn of what is short, or set by the gateway', () => {
  expect(
    warnedOf({
      event_subscription_id: '${http_x_consumer_username}',
      event_properties: {
        status: '${status}',
        bytes: '${bytes_sent}',
        route: '${route.name}',
        ip: '${remote_addr}',
      },
    }),
  ).toEqual([]);
});
