import { compile } from 'json-schema-to-typescript';
import type { SchemaNode } from '../../src/config/schema/node.ts';

const BANNER = `/**
 * The configuration as the rest of the program sees it: validated, with its defaults, resolved and frozen.
 * Generated from \`schema.ts\` by \`npm run generate\`; do not edit.
 */`;

/** \`src/config/types.ts\`: the schema as TypeScript, where every key that gets a default is there. */
export async function renderTypes(schema: SchemaNode): Promise<string> {
  const types = await compile(resolvedShape(schema), 'Config', {
    bannerComment: BANNER,
    additionalProperties: false,
    ignoreMinAndMaxItems: true,
    unknownAny: true,
    format: false,
  });
  return `${frozen(types)}
/** A place where events go, of any type. */
export type DestinationConfig = LagoDestinationConfig;
`;
}

/** What loading returns is frozen, and its type says so. */
function frozen(types: string): string {
  return types
    .replaceAll(/^(\s*)((?:\w+\??|\[k: string\]): )/gm, '$1readonly $2')
    .replaceAll(/: (\w+)\[\]/g, ': readonly $1[]');
}

/** The schema of what loading returns: whatever is filled in is required. Reduced to what types can say. */
function resolvedShape(node: SchemaNode): object {
  if (node.$ref !== undefined) return { $ref: node.$ref };
  const shape: Record<string, unknown> = { description: node.description, type: node.type, enum: node.enum };
  if (node.items !== undefined) shape['items'] = resolvedShape(node.items);
  if (node.anyOf !== undefined) shape['anyOf'] = node.anyOf.map(resolvedShape);
  if (node.definitions !== undefined) shape['definitions'] = mapNodes(node.definitions);
  if (typeof node.additionalProperties === 'object') {
    shape['additionalProperties'] = resolvedShape(node.additionalProperties);
  }
  if (node.properties !== undefined) {
    // `$schema` is for editors alone; loading takes it out.
    const { $schema: _, ...properties } = node.properties;
    shape['properties'] = mapNodes(properties);
    shape['required'] = Object.keys(properties).filter(
      (key) => node.required?.includes(key) === true || isFilledIn(properties[key]),
    );
  }
  return Object.fromEntries(Object.entries(shape).filter(([, value]) => value !== undefined));
}

function isFilledIn(node: SchemaNode | undefined): boolean {
  return node?.default !== undefined || node?.['x-filled'] === true;
}

function mapNodes(nodes: Readonly<Record<string, SchemaNode>>): Record<string, object> {
  return Object.fromEntries(Object.entries(nodes).map(([key, node]) => [key, resolvedShape(node)]));
}
