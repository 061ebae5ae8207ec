/** A line as NGINX would write it, with a newline. */
export function lineOf(id: string, more: Readonly<Record<string, unknown>> = {}): string {
  return `${JSON.stringify({
    msec: 1_790_000_000.5,
    request_time: 0.001,
    request_id: id,
    status: 200,
    uri: '/get',
    http_x_consumer_username: 'jack_test',
    ...more,
  })}\n`;
}

/** Lines with the ids `prefix-0` … */
export function linesOf(prefix: string, count: number): string {
  return idsOf(prefix, count)
    .map((id) => lineOf(id))
    .join('');
}

export function idsOf(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
}
