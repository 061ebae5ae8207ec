import { ANNOTATIONS } from '../../src/config/schema/node.ts';
import type { SchemaNode } from '../../src/config/schema/node.ts';

/** `schema/config.schema.json`: for editors. Without our own annotations, but with what they say put into words. */
export function renderPublished(schema: SchemaNode): string {
  const { $schema, ...rest } = publish(schema);
  return JSON.stringify({ $schema, title: 'tailmeter configuration', ...rest }, null, 2);
}

function publish(node: SchemaNode): Record<string, unknown> {
  const published: Record<string, unknown> = { ...node };
  for (const name of ANNOTATIONS) delete published[name];
  const preset = node['x-default'] === undefined ? '' : ` Default: ${node['x-default']}.`;
  if (node.description !== undefined) published['description'] = `${node.description}${preset}`;
  if (node.pattern !== undefined && node['x-expected'] !== undefined) {
    // What vscode-json-languageservice, under both the JSON and the YAML support of editors, shows for a mismatch.
    published['patternErrorMessage'] = `Expected ${node['x-expected']}.`;
  }
  if (node.items !== undefined) published['items'] = publish(node.items);
  if (node.anyOf !== undefined) published['anyOf'] = node.anyOf.map(publish);
  if (typeof node.additionalProperties === 'object') {
    published['additionalProperties'] = publish(node.additionalProperties);
  }
  if (node.properties !== undefined) published['properties'] = publishAll(node.properties);
  if (node.definitions !== undefined) published['definitions'] = publishAll(node.definitions);
  return published;
}

function publishAll(nodes: Readonly<Record<string, SchemaNode>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(nodes).map(([key, node]) => [key, publish(node)]));
}
