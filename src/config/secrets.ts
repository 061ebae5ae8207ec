/**
 * References to secrets: `$env://NAME` and `$file:///path`.
 * The keys that may hold one are those that the schema marks with `x-secret`.
 */
import { access, constants, readFile } from 'node:fs/promises';
import type { ConfigProblem } from '../errors.ts';
import { FILE_KEYS } from './complete.ts';
import { itemsOf, textOf } from './draft.ts';
import type { Draft } from './draft.ts';
import { reasonOf } from './reason.ts';
import { lagoSchema } from './schema/lago.ts';
import type { Config } from './types.ts';

const ENV = '$env://';
const FILE = '$file://';

const SECRET_KEYS: readonly string[] = Object.entries(lagoSchema.properties ?? {}).flatMap(([key, node]) =>
  node['x-secret'] === true ? [key] : [],
);

/** Where tokens came from that were read from a file, by the destination's entry in the configuration. */
const tokenReferences = new WeakMap<object, string>();

type Answer = { readonly secret: string } | { readonly problem: string };

/**
 * Puts secrets in the place of their references. Returns every reference that leads to nothing, and every certificate or
 * key file that cannot be read.
 */
export async function resolveDraftSecrets(draft: Draft, env: NodeJS.ProcessEnv): Promise<ConfigProblem[]> {
  const problems: ConfigProblem[] = [];
  for (const { path, item } of itemsOf(draft, 'destinations')) {
    for (const key of SECRET_KEYS) {
      const reference = textOf(item, key);
      if (reference === undefined || !isReference(reference)) continue;
      const answer = refuse(key, reference, await lookUp(reference, env));
      if (key === 'token' && reference.startsWith(FILE)) tokenReferences.set(item, reference);
      if ('secret' in answer) item[key] = answer.secret;
      else problems.push({ path: `${path}.${key}`, message: answer.problem });
    }
  }
  return [...problems, ...(await unreadableFiles(draft))];
}

/**
 * The token of a destination as its file has it now; undefined when it did not come from a file, or when that holds no
 * token (it may just be replaced).
 */
export async function readTokenAgain(destination: object): Promise<string | undefined> {
  const reference = tokenReferences.get(destination);
  if (reference === undefined) return undefined;
  const answer = refuse('token', reference, await lookUp(reference, {}));
  return 'secret' in answer ? answer.secret : undefined;
}

/**
 * Everything that must never be shown: keys of Lago, passwords of proxies, in each form in which they travel.
 * References that are not resolved are no secrets.
 */
export function secretsOf(config: Config): string[] {
  const secrets = new Set<string>();
  for (const { token, proxy } of config.destinations) {
    // As it stands, and as a JSON answer that repeats it would write it.
    if (!isReference(token)) secrets.add(token).add(JSON.stringify(token).slice(1, -1));
    if (proxy === undefined || isReference(proxy) || !URL.canParse(proxy)) continue;
    const { username, password } = new URL(proxy);
    if (password === '') continue;
    const plain = decodeLeniently(password);
    secrets.add(password).add(plain);
    secrets.add(Buffer.from(`${decodeLeniently(username)}:${plain}`).toString('base64'));
  }
  secrets.delete('');
  return [...secrets];
}

function isReference(text: string): boolean {
  return text.startsWith(ENV) || text.startsWith(FILE);
}

async function lookUp(reference: string, env: NodeJS.ProcessEnv): Promise<Answer> {
  if (reference.startsWith(ENV)) {
    const name = reference.slice(ENV.length);
    const value = env[name];
    return value === undefined
      ? { problem: `environment variable ${name} is not set` }
      : { secret: value.replace(/\r?\n$/, '') };
  }
  const path = reference.slice(FILE.length);
  if (!path.startsWith('/'))
    return { problem: `expected an absolute path as in $file:///path, got ${reference}` };
  try {
    return { secret: (await readFile(path, 'utf8')).replace(/\r?\n$/, '') };
  } catch (error) {
    return { problem: `cannot read ${path}: ${reasonOf(error)}` };
  }
}

/** Turns away what a reference led to when it cannot be a secret of its kind. Shows the reference, never the content. */
function refuse(key: string, reference: string, answer: Answer): Answer {
  if ('problem' in answer) return answer;
  const place = reference.startsWith(ENV)
    ? `environment variable ${reference.slice(ENV.length)}`
    : reference.slice(FILE.length);
  if (answer.secret === '') return { problem: `${place} is empty` };
  if (!/^[\x21-\x7e]+$/.test(answer.secret)) {
    return {
      problem: `${place} holds more than one line, spaces or characters that cannot be sent in a header`,
    };
  }
  if (key === 'proxy' && !(/^https?:\/\//i.test(answer.secret) && URL.canParse(answer.secret))) {
    return { problem: `${place} holds no URL like http://proxy.internal:3128` };
  }
  return answer;
}

/** Certificates and keys stay in their files, which must be there. */
async function unreadableFiles(draft: Draft): Promise<ConfigProblem[]> {
  const problems: ConfigProblem[] = [];
  for (const { path, item } of itemsOf(draft, 'destinations')) {
    for (const key of FILE_KEYS) {
      const name = textOf(item, key);
      if (name === undefined) continue;
      const reason = await access(name, constants.R_OK).then(() => undefined, reasonOf);
      if (reason !== undefined)
        problems.push({ path: `${path}.${key}`, message: `cannot read ${name}: ${reason}` });
    }
  }
  return problems;
}

function decodeLeniently(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
