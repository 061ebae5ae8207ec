/**
 * The access log that the gateways of the demo write: one JSON object per line, the `nginx` preset's fields.
 */

/** Name of a field (and of NGINX's variable), and whether it is a bare number. */
export const LOG_FIELDS = [
  ['time_iso8601', 'string'],
  ['msec', 'number'],
  ['request_id', 'string'],
  ['remote_addr', 'string'],
  ['request_method', 'string'],
  ['host', 'string'],
  ['uri', 'string'],
  ['args', 'string'],
  ['status', 'number'],
  ['body_bytes_sent', 'number'],
  ['request_length', 'number'],
  ['request_time', 'number'],
  // No number: it is empty without an upstream, and `0.1, 0.2` after two tries.
  ['upstream_response_time', 'string'],
  ['http_user_agent', 'string'],
  ['http_referer', 'string'],
  ['http_x_request_id', 'string'],
  ['http_x_consumer_username', 'string'],
] as const;

export type LogField = (typeof LOG_FIELDS)[number][0];

/** The format as NGINX's `log_format … escape=json` takes it. */
export const LOG_FORMAT = `{${LOG_FIELDS.map(([name, kind]) =>
  kind === 'number' ? `"${name}":$${name}` : `"${name}":"$${name}"`,
).join(',')}}`;

/** The same line, with its newline, by our own hand. Numbers are given as the text that NGINX would write. */
export function formatLogLine(values: Readonly<Record<LogField, string>>): string {
  const fields = LOG_FIELDS.map(
    ([name, kind]) => `"${name}":${kind === 'number' ? values[name] : JSON.stringify(values[name])}`,
  );
  return `{${fields.join(',')}}\n`;
}
