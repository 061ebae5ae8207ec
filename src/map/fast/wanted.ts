/**
 * The fields that the rules of a source look at, as a tree of keys. Each node has a slot: the place where the kernel, when
 * it reads a line, notes what it found there. The tree is written to its memory as `src/kernel/assembly/wanted.ts` says.
 */
import type { Address } from '../../kernel/kernel.ts';
import type { KernelMemory } from '../../kernel/memory.ts';

export class WantedNode {
  readonly slot: number;
  /** Members, of an object. */
  readonly members = new Map<string, WantedNode>();
  /** Members by the names of headers: in small letters, with `_` for `-`. */
  readonly headers = new Map<string, WantedNode>();
  /** Items by their index, of an array. */
  readonly items = new Map<number, WantedNode>();
  #address: Address = 0;

  constructor(slot: number) {
    this.slot = slot;
  }

  /** Where it stands in the kernel's memory, once it was written there. */
  get address(): Address {
    return this.#address;
  }

  /** @throws OutOfMemoryError */
  writeTo(memory: KernelMemory): Address {
    // A member may be an item, too.
    if (this.#address !== 0) return this.#address;
    const listed = (children: ReadonlyMap<string, WantedNode>): Address =>
      memory.putWords(
        [...children].flatMap(([key, child]) => [
          Buffer.byteLength(key),
          memory.putText(key),
          child.writeTo(memory),
        ]),
      );
    const items = [...this.items].flatMap(([index, child]) => [index, child.writeTo(memory)]);
    const slots = [...this.#slots()];
    this.#address = memory.putWords([
      this.slot,
      listed(this.members),
      this.members.size,
      listed(this.headers),
      this.headers.size,
      memory.putWords(items),
      this.items.size,
      memory.putWords(slots),
      slots.length,
    ]);
    return this.#address;
  }

  /** Its own, and those of all below it. */
  *#slots(): Iterable<number> {
    yield this.slot;
    for (const child of [...this.members.values(), ...this.headers.values()]) yield* child.#slots();
  }
}

/** Collects what is wanted. The slots are only for one table. */
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
    return this.#child(node.headers, name).slot;
  }

  #path(node: WantedNode, path: string): number[] {
    const slots = [this.#member(node, path).slot];
    const dot = path.indexOf('.');
    if (dot >= 0) slots.push(...this.#path(this.#member(node, path.slice(0, dot)), path.slice(dot + 1)));
    return slots;
  }

  #member(node: WantedNode, key: string): WantedNode {
    const child = this.#child(node.members, key);
    if (/^(?:0|[1-9]\d{0,8})$/.test(key)) node.items.set(Number(key), child);
    return child;
  }

  #child(children: Map<string, WantedNode>, key: string): WantedNode {
    const child = children.get(key) ?? this.#node();
    children.set(key, child);
    return child;
  }

  #node(): WantedNode {
    return new WantedNode(this.#slots++);
  }
}
