/** What makes two events the same one for Lago, as one string. */

/** @param event With the names of Lago's API. */
export function eventKey(event: Readonly<Record<string, unknown>>): string {
  const { transaction_id: id, external_subscription_id: subscription } = event;
  return JSON.stringify([subscription, id]);
}
