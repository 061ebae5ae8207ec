import { stringify } from 'yaml';
import type { SchemaNode } from '../../src/config/schema/node.ts';

/** Sections of the page in the order of the file: heading, key as it is written, definition. */
const SECTIONS = [
  ['Sources', 'sources[]', 'SourceConfig'],
  ['Rules', 'rules[]', 'RuleConfig'],
  ['Destinations of type `lago`', 'destinations[]', 'LagoDestinationConfig'],
  ['Spool', 'spool', 'SpoolConfig'],
  ['Dead letters', 'dead', 'DeadConfig'],
  ['Log', 'log', 'LogConfig'],
] as const;

/** The part of `docs/configuration.md` that lists every key, as Markdown. */
export function renderReference(schema: SchemaNode): string {
  const sections = SECTIONS.map(([heading, key, name]) => {
    const node = schema.definitions?.[name] ?? {};
    return `## ${heading}\n\n\`${key}\`: ${node.description}\n\n${entries(node)}`;
  });
  return `## Top level\n\n${entries(schema, schema.definitions)}\n${sections.join('\n')}`;
}

function entries(node: SchemaNode, definitions: SchemaNode['definitions'] = {}): string {
  return Object.entries(node.properties ?? {})
    .map(([key, child]) => {
      const definition = definitions[child.$ref?.split('/').at(-1) ?? ''];
      return entry(key, { ...definition, ...child }, node.required?.includes(key) === true);
    })
    .join('\n');
}

function entry(key: string, node: SchemaNode, required: boolean): string {
  const facts = [
    `**Type**: ${typeOf(node)}`,
    ...limitsOf(node),
    required ? '**Required**' : `**Default**: ${defaultOf(node)}`,
  ];
  return `### \`${key}\`\n\n${node.description}\n\n- ${facts.join('\n- ')}\n${exampleOf(key, node)}`;
}

function typeOf(node: SchemaNode): string {
  if (node.anyOf !== undefined) return node.anyOf.map(typeOf).join(', or ');
  if (node.enum !== undefined) return node.enum.map((value) => `\`${value}\``).join(' | ');
  if (node.type === 'array')
    return node.items === undefined ? 'list' : `list of ${node.items.type ?? 'object'}s`;
  if (node.type !== 'object') return node.type ?? 'anything';
  if (node.properties !== undefined) return `object with ${code(Object.keys(node.properties))}`;
  const values = node.additionalProperties;
  return typeof values === 'object' ? `object of ${values.type}s` : 'object';
}

function limitsOf(node: SchemaNode): string[] {
  const limits: string[] = [];
  if (node.minimum !== undefined) limits.push(`at least ${number(node.minimum)}`);
  if (node.exclusiveMinimum !== undefined) limits.push(`more than ${number(node.exclusiveMinimum)}`);
  if (node.maximum !== undefined) limits.push(`at most ${number(node.maximum)}${why(node)}`);
  if (node.minItems !== undefined) limits.push(`at least ${node.minItems} item`);
  if (node.pattern !== undefined) limits.push(node['x-expected'] ?? `matches \`${node.pattern}\``);
  else if (node.maxLength !== undefined) limits.push(`1 to ${node.maxLength} characters`);
  else if (node.type === 'string' && node.minLength !== undefined) limits.push('not empty');
  return limits.length === 0 ? [] : [`**Limits**: ${limits.join(', ')}`];
}

function why(node: SchemaNode): string {
  return node['x-why'] === undefined ? '' : ` (${node['x-why']})`;
}

function defaultOf(node: SchemaNode): string {
  if (node['x-default'] !== undefined) return node['x-default'];
  if (node.default === undefined) return 'not set';
  if (node.$ref !== undefined) return 'the defaults of its keys';
  return typeof node.default === 'number'
    ? number(node.default)
    : code([typeof node.default === 'string' ? node.default : JSON.stringify(node.default)]);
}

function exampleOf(key: string, node: SchemaNode): string {
  const [example] = node.examples ?? [];
  if (example === undefined) return '';
  // Conditions of a filter read better in one line, as in the rest of the documentation.
  const yaml = key === 'filter' ? `${key}: ${JSON.stringify(example)}\n` : stringify({ [key]: example });
  return `\n\`\`\`yaml\n${yaml}\`\`\`\n`;
}

function code(values: readonly string[]): string {
  return values.map((value) => `\`${value}\``).join(', ');
}

function number(value: number): string {
  return `\`${value}\`${value >= 100_000 ? ` (${value.toLocaleString('en')})` : ''}`;
}
