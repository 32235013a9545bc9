/** Something with a deadline. */
export interface HasDeadline {
  readonly deadline: number;
}

/** A binary heap: the earliest deadline first. Taking anything but the first out is left to `keep`, for many at once. */
export class DeadlineHeap<Item extends HasDeadline> {
  #items: Item[] = [];

  /** How many items it holds. */
  get size(): number {
    return this.#items.length;
  }

  /** The item with the earliest deadline. */
  peek(): Item | undefined {
    return this.#items[0];
  }

  /** Adds an item. Takes constant time when no item in it has a later deadline. */
  push(item: Item): void {
    const items = this.#items;
    let index = items.push(item) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (items[parent]!.deadline <= item.deadline) break;
      items[index] = items[parent]!;
      index = parent;
    }
    items[index] = item;
  }

  /** Takes the item with the earliest deadline. */
  pop(): Item | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return first;
    let index = 0;
    for (let child = 1; child < items.length; child = index * 2 + 1) {
      if (child + 1 < items.length && items[child + 1]!.deadline < items[child]!.deadline) child++;
      if (items[child]!.deadline >= last.deadline) break;
      items[index] = items[child]!;
      index = child;
    }
    items[index] = last;
    return first;
  }

  /** Keeps what `isWanted` says, and forgets the rest. */
  keep(isWanted: (item: Item) => boolean): void {
    const kept = this.#items.filter(isWanted);
    this.#items = [];
    for (const item of kept) this.push(item);
  }

  /** Forgets everything. */
  clear(): void {
    this.#items = [];
  }
}
