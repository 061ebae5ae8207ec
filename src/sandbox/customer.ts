/**
 * Customers: made, or changed, by what a request says of them.
 */
import { randomUUID } from 'node:crypto';
import type { Fields } from './fields.ts';
import type { Organization } from './organization.ts';
import type { Customer } from './resources.ts';
import { isoSeconds } from './time.ts';

/** Kept as they come; null until they do. */
const PLAIN_FIELDS = [
  'name',
  'firstname',
  'lastname',
  'customer_type',
  'country',
  'address_line1',
  'address_line2',
  'state',
  'zipcode',
  'email',
  'city',
  'url',
  'phone',
  'logo_url',
  'legal_name',
  'legal_number',
  'currency',
  'tax_identification_number',
  'timezone',
  'net_payment_term',
  'external_salesforce_id',
] as const;

/** Creates the customer, or changes the fields that are given. */
export function saveCustomer(
  organization: Organization,
  externalId: string,
  fields: Fields,
  nowMs: number,
): Customer {
  const known = organization.customers.get(externalId);
  const sequence = organization.customers.size + 1;
  const plain = Object.fromEntries(
    PLAIN_FIELDS.map((name) => [name, Object.hasOwn(fields, name) ? fields[name] : (known?.[name] ?? null)]),
  );
  const customer: Customer = {
    lago_id: randomUUID(),
    external_id: externalId,
    account_type: 'customer',
    sequential_id: sequence,
    slug: `LAG-${organization.id.slice(0, 4).toUpperCase()}-${String(sequence).padStart(3, '0')}`,
    created_at: isoSeconds(nowMs),
    applicable_timezone: 'UTC',
    finalize_zero_amount_invoice: 'inherit',
    billing_configuration: { invoice_grace_period: null, payment_provider: null, document_locale: null },
    shipping_address: null,
    skip_invoice_custom_sections: false,
    metadata: [],
    taxes: [],
    ...known,
    ...(plain as Pick<Customer, 'name' | 'currency'>),
    updated_at: isoSeconds(nowMs),
  };
  organization.customers.set(externalId, customer);
  return customer;
}
