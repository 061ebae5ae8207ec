/**
 * The fields that the rules of a source look at, as a tree of keys. Each node has a slot: the place where a scan of a
 * line notes what it found there. A line is compared with the tree byte by byte; names are ASCII, others are never found.
 */

/** Folds a byte of a header's name: A to Z as a to z, and `-` as `_`. */
const FOLD = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === 0x2d) return 0x5f;
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
});

/** Finds nodes by the bytes of their keys. */
class KeyTable {
  /** By the length of the key. */
  readonly #byLength: { readonly key: Buffer; readonly node: WantedNode }[][] = [];

  add(key: string, node: WantedNode): void {
    const bytes = Buffer.from(key);
    for (let length = this.#byLength.length; length <= bytes.length; length++) this.#byLength.push([]);
    this.#byLength[bytes.length]!.push({ key: bytes, node });
  }

  /** The node of the key `bytes[from, to)`. */
  find(bytes: Uint8Array, from: number, to: number): WantedNode | undefined {
    const length = to - from;
    if (length >= this.#byLength.length) return undefined;
    const entries = this.#byLength[length]!;
    search: for (let i = 0; i < entries.length; i++) {
      const { key, node } = entries[i]!;
      for (let j = length - 1; j >= 0; j--) if (bytes[from + j] !== key[j]) continue search;
      return node;
    }
    return undefined;
  }

  /** The same for the name of a header, however it is written. */
  findHeader(bytes: Uint8Array, from: number, to: number): WantedNode | undefined {
    const length = to - from;
    if (length >= this.#byLength.length) return undefined;
    const entries = this.#byLength[length]!;
    search: for (let i = 0; i < entries.length; i++) {
      const { key, node } = entries[i]!;
      for (let j = length - 1; j >= 0; j--) if (FOLD[bytes[from + j]!] !== key[j]) continue search;
      return node;
    }
    return undefined;
  }
}

export class WantedNode {
  readonly slot: number;
  /** Members, of an object. */
  readonly members = new KeyTable();
  /** Members by the names of headers; undefined when none are wanted. */
  headers: KeyTable | undefined;
  /** Items by their index, of an array; undefined when none are wanted. */
  items: Map<number, WantedNode> | undefined;
  /** All of the above. */
  readonly children = new Map<string, WantedNode>();

  constructor(slot: number) {
    this.slot = slot;
  }
}

/** Collects what is wanted. The slots are only for one scanner. */
export class WantedFields {
  #slots = 0;
  readonly root = this.#node();

  /** One more than the highest slot. */
  get slots(): number {
    return this.#slots;
  }

  /** The slots where the value of a path may be found, first choice first: for `a.b`, the key "a.b", and b within a. */
  path(path: string): readonly number[] {
    return this.#path(this.root, path);
  }

  /** The slot of a header (`x_request_id`) in the object at the path (`request.headers`) by its nested keys. */
  header(path: string, name: string): number {
    let node = this.root;
    for (const key of path.split('.')) node = this.#member(node, key);
    node.headers ??= new KeyTable();
    return this.#child(node, `header ${name}`, (child) => node.headers!.add(name, child)).slot;
  }

  #path(node: WantedNode, path: string): number[] {
    const slots = [this.#member(node, path).slot];
    const dot = path.indexOf('.');
    if (dot >= 0) slots.push(...this.#path(this.#member(node, path.slice(0, dot)), path.slice(dot + 1)));
    return slots;
  }

  #member(node: WantedNode, key: string): WantedNode {
    return this.#child(node, `member ${key}`, (child) => {
      node.members.add(key, child);
      if (String(Number(key)) !== key || !/^\d+$/.test(key)) return;
      node.items ??= new Map();
      node.items.set(Number(key), child);
    });
  }

  #child(node: WantedNode, id: string, add: (child: WantedNode) => void): WantedNode {
    const known = node.children.get(id);
    if (known !== undefined) return known;
    const child = this.#node();
    node.children.set(id, child);
    add(child);
    return child;
  }

  #node(): WantedNode {
    return new WantedNode(this.#slots++);
  }
}
