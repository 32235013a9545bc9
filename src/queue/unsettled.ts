/** The number of delivery-ids before they wrap. */
const ID_COUNT = 2 ** 32;

const NONE: readonly number[] = Object.freeze([]);

/**
 * The unsettled deliveries of one session and direction, by delivery-id.
 *
 * Ids are serial numbers (AMQP 1.0 §2.8.10): they rise in order and wrap at 2³², so a ring indexed by `id - base` finds
 * each in constant time. A delivery that stays unsettled while thousands behind it are settled would keep the ring
 * large. It is moved to a map of stragglers, so that memory grows with the number of unsettled deliveries and not with
 * the distance between their ids.
 */
export class Unsettled<Delivery> {
  #slots: (Delivery | undefined)[] = new Array<Delivery | undefined>(64);
  /** The id of the oldest slot in use; the ring spans `#span` ids from there. */
  #base = 0;
  #span = 0;
  #inRing = 0;
  readonly #stragglers = new Map<number, Delivery>();

  /** The number of unsettled deliveries. */
  get size(): number {
    return this.#inRing + this.#stragglers.size;
  }

  /** The delivery that has been here longest. */
  get oldest(): Delivery | undefined {
    for (const straggler of this.#stragglers.values()) return straggler;
    // The ring begins with one that is in use.
    return this.#inRing === 0 ? undefined : this.#slots[this.#base & (this.#slots.length - 1)];
  }

  /** Adds a delivery. Ids must rise; gaps are allowed. */
  add(id: number, delivery: Delivery): void {
    if (this.#inRing === 0) {
      this.#base = id;
      this.#span = 0;
    }
    let offset = (id - this.#base) >>> 0;
    while (offset >= this.#slots.length) {
      this.#makeRoom(offset);
      offset = (id - this.#base) >>> 0;
    }
    this.#slots[id & (this.#slots.length - 1)] = delivery;
    this.#span = offset + 1;
    this.#inRing++;
  }

  /** The delivery with this id, if it is unsettled. */
  get(id: number): Delivery | undefined {
    if ((id - this.#base) >>> 0 < this.#span) return this.#slots[id & (this.#slots.length - 1)];
    return this.#stragglers.size === 0 ? undefined : this.#stragglers.get(id);
  }

  /** Takes the delivery with this id out. */
  take(id: number): Delivery | undefined {
    if ((id - this.#base) >>> 0 >= this.#span) return this.#takeStraggler(id);
    const slot = id & (this.#slots.length - 1);
    const delivery = this.#slots[slot];
    if (delivery === undefined) return undefined;
    this.#slots[slot] = undefined;
    this.#inRing--;
    if (id === this.#base) this.#closeGap();
    return delivery;
  }

  /**
   * The unsettled ids in the range of a disposition. The time does not depend on the size of the range: a peer can name
   * 2³² ids in thirty bytes.
   */
  clip(first: number, last: number): readonly number[] {
    const length = (last - first) >>> 0;
    // Each link of a session is asked, and most have nothing in it.
    const begin = (first - this.#base) >>> 0;
    if (this.#stragglers.size === 0 && begin >= this.#span && begin + length < ID_COUNT) return NONE;
    const ids: number[] = [];
    if (length < this.#stragglers.size) {
      for (let step = 0; step <= length; step++) {
        const id = (first + step) >>> 0;
        if (this.#stragglers.has(id)) ids.push(id);
      }
    } else {
      for (const id of this.#stragglers.keys()) if ((id - first) >>> 0 <= length) ids.push(id);
    }
    // Relative to the base, a range that begins before the base reaches the ring only after wrapping.
    this.#collect(ids, 0, begin + length - ID_COUNT);
    this.#collect(ids, begin, begin + length);
    return ids;
  }

  /** Takes all deliveries, oldest first. */
  drain(): Delivery[] {
    const deliveries = [...this.#stragglers.values()];
    for (let offset = 0; offset < this.#span; offset++) {
      const delivery = this.#slots[(this.#base + offset) & (this.#slots.length - 1)];
      if (delivery !== undefined) deliveries.push(delivery);
    }
    this.#stragglers.clear();
    this.#slots = new Array<Delivery | undefined>(64);
    this.#span = 0;
    this.#inRing = 0;
    return deliveries;
  }

  /** Adds the ids in use between two offsets from the base, both included. */
  #collect(ids: number[], from: number, to: number): void {
    for (let step = from; step <= to && step < this.#span; step++) {
      const id = (this.#base + step) >>> 0;
      if (this.#slots[id & (this.#slots.length - 1)] !== undefined) ids.push(id);
    }
  }

  #takeStraggler(id: number): Delivery | undefined {
    if (this.#stragglers.size === 0) return undefined;
    const delivery = this.#stragglers.get(id);
    this.#stragglers.delete(id);
    return delivery;
  }

  #closeGap(): void {
    const mask = this.#slots.length - 1;
    while (this.#span > 0 && this.#slots[this.#base & mask] === undefined) {
      this.#base = (this.#base + 1) >>> 0;
      this.#span--;
    }
  }

  #makeRoom(offset: number): void {
    const sparse = this.#inRing <= this.#slots.length >> 3;
    if (sparse) {
      this.#moveToStragglers(offset);
    } else {
      this.#grow();
    }
  }

  #moveToStragglers(offset: number): void {
    const mask = this.#slots.length - 1;
    for (let step = 0; step < this.#span; step++) {
      const id = (this.#base + step) >>> 0;
      const delivery = this.#slots[id & mask];
      if (delivery === undefined) continue;
      this.#stragglers.set(id, delivery);
      this.#slots[id & mask] = undefined;
    }
    this.#base = (this.#base + offset) >>> 0;
    this.#span = 0;
    this.#inRing = 0;
  }

  #grow(): void {
    const slots = new Array<Delivery | undefined>(this.#slots.length * 2);
    for (let step = 0; step < this.#span; step++) {
      const id = (this.#base + step) >>> 0;
      slots[id & (slots.length - 1)] = this.#slots[id & (this.#slots.length - 1)];
    }
    this.#slots = slots;
  }
}
