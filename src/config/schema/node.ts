/**
 * The part of JSON Schema (draft-07, which every editor's YAML and JSON support understands) that the configuration
 * uses, plus annotations of our own. Validators ignore those; ours, the reference page and the types read them.
 */
export interface SchemaNode {
  readonly $schema?: string;
  readonly $ref?: string;
  readonly description?: string;
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly items?: SchemaNode;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly definitions?: Readonly<Record<string, SchemaNode>>;

  /** What holds when the key is not set and `default` cannot say it, in words. */
  readonly 'x-default'?: string;
  /** Not set, the key gets a value that depends on the rest of the file: `complete.ts` fills it in. */
  readonly 'x-filled'?: true;
  /** What is expected, in words, where `pattern` or `anyOf` alone would tell a person nothing. */
  readonly 'x-expected'?: string;
  /** Why the limit is what it is; stands behind the error message. */
  readonly 'x-why'?: string;
  /** Never shown in a message; may be a reference (`$env://…`, `$file://…`). */
  readonly 'x-secret'?: true;
}

/** The names of our own annotations. */
export const ANNOTATIONS = ['x-default', 'x-filled', 'x-expected', 'x-why', 'x-secret'] as const;
