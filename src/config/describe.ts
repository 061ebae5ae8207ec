/** Says in words what the schema found: what was expected, what is there, and what was probably meant. */
import type { ErrorObject } from 'ajv';
import type { SchemaNode } from './schema/node.ts';
import { suggest } from './suggest.ts';

/** The message for one error of ajv; `node` is the schema that holds the failed keyword. */
export function describeError(error: ErrorObject, node: SchemaNode): string {
  const limit = (error.params as { limit?: number }).limit ?? 0;
  switch (error.keyword) {
    case 'type':
      return wrongType(node, error.data);
    case 'required':
      return 'required, but missing';
    case 'additionalProperties': {
      const key = (error.params as { additionalProperty: string }).additionalProperty;
      const known = Object.keys(node.properties ?? {}).filter((name) => name !== '$schema');
      const meant = suggest(key, known);
      return `unknown key${meant === undefined ? `; expected one of ${known.join(', ')}` : `; did you mean ${meant}?`}`;
    }
    case 'enum': {
      const meant = typeof error.data === 'string' ? suggest(error.data, node.enum ?? []) : undefined;
      const expected = `expected ${oneOf(node.enum ?? [])}, got ${found(error.data, node)}`;
      return meant === undefined ? expected : `${expected}; did you mean ${meant}?`;
    }
    case 'anyOf': {
      const presets = node.anyOf?.flatMap((branch) => branch.enum ?? []) ?? [];
      const meant = typeof error.data === 'string' ? suggest(error.data, presets) : undefined;
      const expected = `expected ${node['x-expected']}, got ${found(error.data, node)}`;
      return meant === undefined ? expected : `${expected}; did you mean ${meant}?`;
    }
    case 'minimum':
      return `expected at least ${limit}, got ${found(error.data, node)}${why(node)}`;
    case 'exclusiveMinimum':
      return `expected more than ${limit}, got ${found(error.data, node)}${why(node)}`;
    case 'maximum':
      return `expected at most ${limit}, got ${found(error.data, node)}${why(node)}`;
    case 'minItems':
      return 'expected at least one item, got an empty list';
    case 'minLength':
      return 'expected some text, got an empty string';
    case 'maxLength':
      return `expected at most ${limit} characters, got ${String(error.data).length}`;
    case 'pattern':
      return `expected ${node['x-expected']}, got ${found(error.data, node)}`;
    default:
      return `${error.message ?? error.keyword}, got ${found(error.data, node)}`;
  }
}

function wrongType(node: SchemaNode, data: unknown): string {
  const message = `wrong type: expected ${node.type}, got ${typeName(data)}`;
  const isScalar = typeof data === 'number' || typeof data === 'boolean';
  return node.type === 'string' && isScalar ? `${message}; put it in quotes` : message;
}

function typeName(data: unknown): string {
  if (data === null) return 'null';
  return Array.isArray(data) ? 'array' : typeof data;
}

/** A value as it stands in a message. Never a secret, never long. */
function found(data: unknown, node: SchemaNode): string {
  if (typeof data === 'object') return typeName(data);
  if (node['x-secret'] === true) return 'something else';
  const text = (JSON.stringify(data) ?? typeof data).replace(/\/\/[^/\s]*@/, '//…@');
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function oneOf(values: readonly string[]): string {
  return values.length === 1 ? values[0]! : `one of ${values.join(', ')}`;
}

function why(node: SchemaNode): string {
  return node['x-why'] === undefined ? '' : ` (${node['x-why']})`;
}
