/** A binary heap: the item with the lowest rank first. Other items can only be removed by `keep`, many at once. */
export class Heap<Item> {
  readonly #rank: (item: Item) => number;
  #items: Item[] = [];

  /** @param rank Returns the rank of an item. It must not change while the item is in the heap. */
  constructor(rank: (item: Item) => number) {
    this.#rank = rank;
  }

  /** The number of items. */
  get size(): number {
    return this.#items.length;
  }

  /** The items, in no particular order. */
  get items(): readonly Item[] {
    return this.#items;
  }

  /** The item with the lowest rank, without taking it. */
  peek(): Item | undefined {
    return this.#items[0];
  }

  /** Adds an item. Takes constant time when no item in it has a higher rank. */
  push(item: Item): void {
    const items = this.#items;
    const rank = this.#rank(item);
    let index = items.push(item) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#rank(items[parent]!) <= rank) break;
      items[index] = items[parent]!;
      index = parent;
    }
    items[index] = item;
  }

  /** Takes the item with the lowest rank. */
  pop(): Item | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return first;
    const rank = this.#rank(last);
    let index = 0;
    for (let child = 1; child < items.length; child = index * 2 + 1) {
      if (child + 1 < items.length && this.#rank(items[child + 1]!) < this.#rank(items[child]!)) child++;
      if (this.#rank(items[child]!) >= rank) break;
      items[index] = items[child]!;
      index = child;
    }
    items[index] = last;
    return first;
  }

  /** Keeps the items for which `isWanted` returns true, and removes the others. */
  keep(isWanted: (item: Item) => boolean): void {
    const kept = this.#items.filter(isWanted);
    this.#items = [];
    for (const item of kept) this.push(item);
  }

  /** Removes all items. */
  clear(): void {
    this.#items = [];
  }
}
