const SMALLEST = 16;

/**
 * A first-in first-out line whose items have rising whole numbers, by which they can also be taken out of turn. Adding
 * and taking the first take constant time, taking another that of a binary search. Nothing is made per item, and
 * nothing that has left is kept alive.
 *
 * It is a ring of slots. What is taken out of turn leaves a gap. Gaps are closed when the ring is made larger or smaller.
 */
export class NumberedLine<Item extends object> {
  #items: (Item | undefined)[] = new Array<Item | undefined>(SMALLEST);
  #numbers = new Float64Array(SMALLEST);
  #head = 0;
  /** How many slots are in use, gaps included. The first of them is no gap. */
  #span = 0;
  #size = 0;

  /** How many items it holds. */
  get size(): number {
    return this.#size;
  }

  /** The first item, which stays. */
  get first(): Item | undefined {
    return this.#items[this.#head];
  }

  /** Adds an item at the end. Its number is above all before it. */
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

  /** Takes the item with a number, if it is in line. */
  take(number: number): Item | undefined {
    const slot = this.#find(number);
    const item = slot === undefined ? undefined : this.#items[slot];
    if (slot === undefined || item === undefined) return undefined;
    this.#items[slot] = undefined;
    this.#size--;
    this.#closeUp();
    return item;
  }

  /** Whether the item with a number is in line. */
  has(number: number): boolean {
    const slot = this.#find(number);
    return slot !== undefined && this.#items[slot] !== undefined;
  }

  /** At most `count` items from behind a number on, in order. They stay. */
  after(number: number, count: number): Item[] {
    const items: Item[] = [];
    for (let index = this.#indexAfter(number); index < this.#span && items.length < count; index++) {
      const item = this.#items[(this.#head + index) & (this.#items.length - 1)];
      if (item !== undefined) items.push(item);
    }
    return items;
  }

  /** Takes everything out, in order. */
  drain(): Item[] {
    const items: Item[] = [];
    for (let item = this.shift(); item !== undefined; item = this.shift()) items.push(item);
    return items;
  }

  /** Numbers rise along the ring, by 1 unless gaps were closed: an item is where its number says, or before it. */
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

  /** How many slots from the head have a number up to this one: numbers rise along the ring, gaps included. */
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

  /** The first slot must be no gap, and a backlog of a million should not leave a million empty slots behind. */
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
