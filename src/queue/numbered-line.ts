const SMALLEST = 16;

/**
 * A first-in first-out line of items with rising whole numbers, by which they can also be taken out of turn. Adding an
 * item and taking the first one take constant time; taking another one takes a binary search. Items need no allocation,
 * and items that have left are not kept alive.
 *
 * It is a ring of slots. An item that is taken out of turn leaves a gap. Gaps are closed when the ring grows or
 * shrinks.
 */
export class NumberedLine<Item extends object> {
  #items: (Item | undefined)[] = new Array<Item | undefined>(SMALLEST);
  #numbers = new Float64Array(SMALLEST);
  #head = 0;
  /** The number of slots in use, gaps included. The first one is not a gap. */
  #span = 0;
  #size = 0;

  /** The number of items. */
  get size(): number {
    return this.#size;
  }

  /** The first item, without taking it. */
  get first(): Item | undefined {
    return this.#items[this.#head];
  }

  /** Adds an item at the end. Its number must be above all earlier ones. */
  push(number: number, item: Item): void {
    if (this.#span === this.#items.length) this.#rebuild(this.#span * 2);
    const slot = (this.#head + this.#span) & (this.#items.length - 1);
    this.#items[slot] = item;
    this.#numbers[slot] = number;
    this.#span++;
    this.#size++;
  }

  /** Takes the first item. */
  shift(): Item | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#items[this.#head] = undefined;
    this.#size--;
    this.#closeUp();
    return item;
  }

  /** Takes the item with a number, if there is one. */
  take(number: number): Item | undefined {
    const slot = this.#find(number);
    const item = slot === undefined ? undefined : this.#items[slot];
    if (slot === undefined || item === undefined) return undefined;
    this.#items[slot] = undefined;
    this.#size--;
    this.#closeUp();
    return item;
  }

  /** True if there is an item with a number. */
  has(number: number): boolean {
    const slot = this.#find(number);
    return slot !== undefined && this.#items[slot] !== undefined;
  }

  /** The first `count` items behind a number, in order, without taking them. */
  after(number: number, count: number): Item[] {
    const items: Item[] = [];
    for (let index = this.#indexAfter(number); index < this.#span && items.length < count; index++) {
      const item = this.#items[(this.#head + index) & (this.#items.length - 1)];
      if (item !== undefined) items.push(item);
    }
    return items;
  }

  /** Takes all items, in order. */
  drain(): Item[] {
    const items: Item[] = [];
    for (let item = this.shift(); item !== undefined; item = this.shift()) items.push(item);
    return items;
  }

  /**
   * Numbers rise by 1 from slot to slot, or by more where gaps were closed. So the slot of an item is the one that its
   * number suggests, or an earlier one.
   */
  #find(number: number): number | undefined {
    const mask = this.#items.length - 1;
    let low = 0;
    let high = Math.min(number - this.#numbers[this.#head]!, this.#span - 1);
    for (let middle = high; low <= high; middle = (low + high) >>> 1) {
      const slot = (this.#head + middle) & mask;
      const found = this.#numbers[slot]!;
      if (found === number) return slot;
      if (found < number) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  /** The number of slots from the head, gaps included, with a number up to this one. */
  #indexAfter(number: number): number {
    let low = 0;
    let high = this.#span;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#numbers[(this.#head + middle) & (this.#items.length - 1)]! <= number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The first slot must not be a gap, and a backlog of a million must not leave a million empty slots behind. */
  #closeUp(): void {
    const mask = this.#items.length - 1;
    while (this.#span > 0 && this.#items[this.#head] === undefined) {
      this.#head = (this.#head + 1) & mask;
      this.#span--;
    }
    if (mask >= 1024 && this.#size < this.#items.length >> 3) this.#rebuild(this.#items.length >> 1);
  }

  #rebuild(capacity: number): void {
    const items = new Array<Item | undefined>(capacity);
    const numbers = new Float64Array(capacity);
    let span = 0;
    for (let index = 0; index < this.#span; index++) {
      const slot = (this.#head + index) & (this.#items.length - 1);
      const item = this.#items[slot];
      if (item === undefined) continue;
      items[span] = item;
      numbers[span] = this.#numbers[slot]!;
      span++;
    }
    this.#items = items;
    this.#numbers = numbers;
    this.#head = 0;
    this.#span = span;
  }
}
