import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/load.ts';
import { configSchema } from '../../src/config/schema.ts';
import type { SchemaNode } from '../../src/config/schema/node.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (name: string): Promise<string> => readFile(`${root}/${name}`, 'utf8');

/** Every key of the schema that is defined where it stands, with its path. */
function keysOf(node: SchemaNode, path: string): [string, SchemaNode][] {
  const own = Object.entries(node.properties ?? {}).filter(([, child]) => child.$ref === undefined);
  return [
    ...own.flatMap(([key, child]): [string, SchemaNode][] => [
      [`${path}.${key}`, child],
      ...keysOf(child, `${path}.${key}`),
    ]),
    ...(node.anyOf ?? []).flatMap((branch) => keysOf(branch, path)),
    ...Object.entries(node.definitions ?? {}).flatMap(([name, child]) => keysOf(child, name)),
  ];
}

describe('the schema', () => {
  it.each(keysOf(configSchema, 'Config'))(
    'says of %s what it is, and its examples and default fit',
    (_, node) => {
      expect(node.description).toMatch(/\.$/);
      expect(node.examples?.length).toBeGreaterThan(0);
      const validate = new Ajv({ strict: false }).compile({ ...node, definitions: configSchema.definitions });
      const values = [...(node.examples ?? []), ...(node.default === undefined ? [] : [node.default])];
      expect(values.filter((value) => !validate(value))).toEqual([]);
    },
  );

  it('is published, with the reference page and the types, as it is now', async () => {
    const run = promisify(execFile)(process.execPath, ['scripts/generate.ts', '--check'], { cwd: root });
    await expect(run).resolves.toMatchObject({ stderr: '' });
  });
});

describe('the published schema', () => {
  it('accepts what the daemon accepts, without our own annotations', async () => {
    const text = await read('schema/config.schema.json');
    expect(text).not.toContain('"x-');
    const validate = new Ajv({ strict: false }).compile(JSON.parse(text) as object);
    for (const name of ['minimal.yaml', 'full.yaml', 'tabs.json']) {
      const valid = validate(parse(await read(`fixtures/config/valid/${name}`)));
      expect({ name, valid, errors: validate.errors }).toEqual({ name, valid: true, errors: null });
    }
    expect(validate(parse(await read('fixtures/config/invalid/mistakes.yaml')))).toBe(false);
  });
});

describe('the reference page', () => {
  it('shows a configuration that is valid', async () => {
    const [, example] =
      /```yaml\n(# yaml-language-server.*?)```/s.exec(await read('docs/configuration.md')) ?? [];
    expect(parseConfig(example ?? '', '/etc/tailmeter.yaml').rules[0]?.name).toBe('api-calls');
  });
});
