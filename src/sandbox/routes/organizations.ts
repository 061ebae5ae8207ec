/** `GET /organizations`: the organization of the key. The cheapest way to check one. */
import type { FastifyInstance } from 'fastify';
import { organizationOf } from '../context.ts';
import { isoSeconds } from '../time.ts';

export function organizationRoutes(app: FastifyInstance): void {
  app.get('/organizations', { config: { resource: 'organization' } }, (request) => {
    const organization = organizationOf(request);
    return {
      organization: {
        lago_id: organization.id,
        name: organization.name,
        slug: organization.name,
        default_currency: 'USD',
        created_at: isoSeconds(organization.createdAtMs),
        webhook_url: '',
        webhook_urls: [],
        country: null,
        address_line1: null,
        address_line2: null,
        state: null,
        zipcode: null,
        email: null,
        city: null,
        legal_name: null,
        legal_number: null,
        timezone: 'UTC',
        net_payment_term: 0,
        email_settings: [],
        document_numbering: 'per_customer',
        document_number_prefix: `LAG-${organization.id.slice(0, 4).toUpperCase()}`,
        tax_identification_number: null,
        finalize_zero_amount_invoice: true,
        billing_configuration: { invoice_footer: null, invoice_grace_period: 0, document_locale: 'en' },
        events_store: 'postgres',
        taxes: [],
      },
    };
  });
}
