import { expect, test } from 'vitest';
import type { RuleConfig } from '../../src/config/types.ts';
import { clientControlled } from '../../src/map/client-controlled.ts';

const rule = (id: string, subscription: string): RuleConfig => ({
  name: 'r',
  event_code: 'c',
  event_transaction_id: id,
  event_subscription_id: subscription,
  to: 'lago',
});

test.each([
  '${http_x_request_id}',
  'req_${arg_id}',
  '$cookie_session',
  '${request_body}',
  '${request.headers.x-request-id}',
])('warns of an id made from %s', (id) => {
  expect(clientControlled({ rules: [rule(id, '${remote_user}')] })).toEqual([
    { path: 'rules[0].event_transaction_id', message: expect.stringContaining('${request_id}') },
  ]);
});

test.each(['${request_id}', '${log_id}', '${request.id}', '${http_x_request_id}-${log_id}', '${id}'])(
  'is content with an id made from %s',
  (id) => {
    expect(clientControlled({ rules: [rule(id, '${consumer.username}')] })).toEqual([]);
  },
);

test('warns of a subscription that a client can name, and says where the rule is', () => {
  const rules = [rule('${log_id}', '${remote_user}'), rule('${log_id}-2', 'cus_${http_x_consumer_username}')];
  expect(clientControlled({ rules })).toEqual([
    {
      path: 'rules[1].event_subscription_id',
      message: expect.stringContaining('a client can choose ${http_x_consumer_username}'),
    },
  ]);
});
