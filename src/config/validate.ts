import type { ErrorObject } from 'ajv';
import type { ConfigProblem } from '../errors.ts';
import { describeError } from './describe.ts';
import type { SchemaNode } from './schema/node.ts';
import { validate as conforms } from './validator.ts';

/** Checks `data` against the schema, fills in its defaults in place, and returns every problem. */
export function validate(data: unknown): ConfigProblem[] {
  if (conforms(data)) return [];
  // The branches of an `anyOf` are told by itself.
  const errors = (conforms.errors ?? []).filter((error) => !error.schemaPath.includes('/anyOf/'));
  const wrongTypes = new Set(
    errors.flatMap((error) => (error.keyword === 'type' ? [error.instancePath] : [])),
  );
  return errors
    .filter((error) => isCause(error, wrongTypes))
    .map((error) => ({
      path: pathOf(error),
      message: describeError(error, error.parentSchema as SchemaNode),
    }));
}

/** Not what only follows from another error: a limit of something of the wrong type, the pattern of an empty text. */
function isCause(error: ErrorObject, wrongTypes: ReadonlySet<string>): boolean {
  if (error.keyword !== 'type' && wrongTypes.has(error.instancePath)) return false;
  return !(error.keyword === 'pattern' && error.data === '' && 'minLength' in (error.parentSchema ?? {}));
}

/** `/destinations/0/endpoint_addrs` as a person writes it: `destinations[0].endpoint_addrs`. */
function pathOf(error: ErrorObject): string {
  const keys = error.instancePath
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const { missingProperty, additionalProperty } = error.params as Record<string, string | undefined>;
  const last = missingProperty ?? additionalProperty;
  if (last !== undefined) keys.push(last);
  return formatPath(keys);
}

/** Joins keys: `rules`, `0`, `event_properties`, `a.b` → `rules[0].event_properties["a.b"]`. */
function formatPath(keys: readonly string[]): string {
  let path = '';
  for (const key of keys) {
    if (/^\d+$/.test(key)) path += `[${key}]`;
    else if (!/^[\w$-]+$/.test(key)) path += `[${JSON.stringify(key)}]`;
    else path += path === '' ? key : `.${key}`;
  }
  return path;
}
