import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import { ANNOTATIONS } from '../../src/config/schema/node.ts';
import type { SchemaNode } from '../../src/config/schema/node.ts';

const HEAD = `// @ts-nocheck
/* oxlint-disable */
/**
 * The schema as a function: ajv at work costs 4 MB of memory and 60 ms of CPU time at each start.
 * Generated from \`schema.ts\` by \`npm run generate\`; do not edit.
 */
import { createRequire } from 'node:module';
import type { ValidateFunction } from 'ajv';

const require = createRequire(import.meta.url);

/** Checks data against the schema, tells every error, and fills in defaults in place. */
export const validate: ValidateFunction = `;

/** \`src/config/validator.ts\`: what ajv makes of the schema, as a module that needs next to nothing of ajv. */
export function renderValidator(schema: SchemaNode): string {
  const ajv = new Ajv({
    allErrors: true,
    useDefaults: true,
    verbose: true,
    messages: false,
    strict: true,
    inlineRefs: false,
    code: { source: true, esm: true, lines: true },
  }).addVocabulary([...ANNOTATIONS]);
  return standalone
    .default(ajv, ajv.compile(withoutTexts(schema)))
    .replace(/^"use strict";\s*export const validate = (\w+);\s*export default \w+;/, `${HEAD}$1;`);
}

/** Without what no error message needs. */
function withoutTexts(schema: SchemaNode): SchemaNode {
  return JSON.parse(JSON.stringify(schema, leaveTextsOut)) as SchemaNode;
}

function leaveTextsOut(key: string, value: unknown): unknown {
  return key === 'examples' || (key === 'description' && typeof value === 'string') ? undefined : value;
}
