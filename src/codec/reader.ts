import { Described } from '../message/typed.js';
import type { AmqpValue } from '../message/typed.js';
import { readUint32 } from './big-endian.js';
import { LAYOUT, UNKNOWN } from './layout.js';
import { MAP_WEIGHT, MAX_DEPTH, OBJECT_WEIGHT } from './limits.js';
import { ScalarReader } from './scalar-reader.js';
import { chargeZeroWidth, skipValue } from './scan.js';
import { keySlot, readKey, readText } from './text.js';

/** No two keys of a map are the same (AMQP 1.0 §1.6.23). */
const KEY_TWICE = 'A map has a key twice';

/**
 * Reads AMQP values (AMQP 1.0 §1.6) one after the other and checks every bound. Throws a `DecodeError` that names the
 * byte for anything that is not AMQP or exceeds `limits.ts`; the reader must be opened again after that.
 */
export class Reader extends ScalarReader {
  /** Reads the next value, which is nested in `depth` lists, maps, arrays and described values. */
  value(depth: number): AmqpValue {
    const code = this.peek();
    this.position++;
    return this.#payload(code, depth);
  }

  /** Enters the list or map whose payload comes next: sets `end` to its end and returns its count. */
  enter(wide: boolean): number {
    const at = this.position;
    const after = this.take(wide ? 4 : 1) + (wide ? 4 + readUint32(this.buffer, at) : 1 + this.buffer[at]!);
    if (after > this.end) throw this.fail('A list, map or array is longer than the bytes around it', at);
    this.end = after;
    const countAt = this.take(wide ? 4 : 1);
    return wide ? readUint32(this.buffer, countAt) : this.buffer[countAt]!;
  }

  /** Leaves a list or map, and sets `end` to its former value. All of it must have been read. */
  leave(outer: number): void {
    if (this.position !== this.end) throw this.fail('A list, map or array is longer than its elements', this.position);
    this.end = outer;
  }

  /** Reads a value without its constructor, as arrays hold it. */
  #payload(code: number, depth: number): AmqpValue {
    switch (code) {
      case 0x00: // the constructor of a described value
        return this.#described(depth);
      case 0x45: // list0
        this.charge(OBJECT_WEIGHT);
        return [];
      case 0xc0: // list8
      case 0xd0: // list32
        return this.#list(code === 0xd0, depth);
      case 0xc1: // map8
      case 0xd1: // map32
        return this.#map(code === 0xd1, depth);
      case 0xe0: // array8
      case 0xf0: // array32
        return this.#array(code === 0xf0, depth);
      default:
        return this.scalar(code);
    }
  }

  #described(depth: number): Described {
    this.#checkDepth(depth);
    this.charge(OBJECT_WEIGHT + 2);
    const descriptor = this.value(depth + 1);
    return new Described(descriptor, this.value(depth + 1));
  }

  #list(wide: boolean, depth: number): AmqpValue[] {
    this.#checkDepth(depth);
    const outer = this.end;
    const count = this.enter(wide);
    this.#checkCount(count);
    this.charge(OBJECT_WEIGHT + count);
    const list: AmqpValue[] = [];
    for (let index = 0; index < count; index++) list.push(this.value(depth + 1));
    this.leave(outer);
    return list;
  }

  #map(wide: boolean, depth: number): AmqpValue {
    this.#checkDepth(depth);
    const outer = this.end;
    const count = this.enter(wide);
    this.#checkCount(count);
    if (count % 2 === 1) throw this.fail('A map has a key without a value', this.position);
    this.charge(MAP_WEIGHT + count);
    // Without a prototype, the key `__proto__` is data like any other.
    const object = Object.create(null) as Record<string, AmqpValue>;
    const start = this.position;
    let seen = 0;
    for (let index = 0; index < count; index += 2) {
      const at = this.position;
      const code = this.peek();
      if (!isText(code)) return this.#otherMap(this.#inOrder(object, start), count - index, depth, outer);
      this.position++;
      const from = this.take(this.size(code >= 0xb0));
      const slot = keySlot(this.buffer, from, this.position);
      const key = readKey(this.buffer, from, this.position, this.origin, slot);
      // Looks for the same key in the object only when an earlier key has set the same bit.
      const bit = 1 << slot;
      if ((seen & bit) !== 0 && key in object) throw this.fail(KEY_TWICE, at);
      seen |= bit;
      object[key] = this.value(depth + 1);
    }
    this.leave(outer);
    return object;
  }

  /**
   * The entries read so far, from `start` on, in the order they came in. The object itself would put keys that are
   * digits first.
   */
  #inOrder(object: Readonly<Record<string, AmqpValue>>, start: number): Map<AmqpValue, AmqpValue> {
    const map = new Map<AmqpValue, AmqpValue>();
    const end = this.position;
    this.position = start;
    while (this.position < end) {
      const code = this.buffer[this.position++]!;
      const from = this.take(this.size(code >= 0xb0));
      const key = readText(this.buffer, from, this.position, this.origin);
      this.position = skipValue(this.buffer, this.position, end, this.origin);
      map.set(key, object[key]);
    }
    return map;
  }

  /** Reads the remaining `left` keys and values of a map that has a key other than text. */
  #otherMap(map: Map<AmqpValue, AmqpValue>, left: number, depth: number, outer: number): Map<AmqpValue, AmqpValue> {
    const objects = new Set<string>(); // the keys that are objects, by their bytes: no two of them are the same to a Map
    for (; left > 0; left -= 2) {
      const at = this.position;
      const key = this.value(depth + 1);
      const isObject = typeof key === 'object' && key !== null;
      const encoded = isObject ? this.buffer.toString('latin1', at, this.position) : undefined;
      if (encoded === undefined ? map.has(key) : objects.has(encoded)) throw this.fail(KEY_TWICE, at);
      if (encoded !== undefined) objects.add(encoded);
      map.set(key, this.value(depth + 1));
    }
    this.leave(outer);
    return map;
  }

  #array(wide: boolean, depth: number): AmqpValue[] {
    this.#checkDepth(depth);
    const outer = this.end;
    const count = this.enter(wide);
    const described = this.peek() === 0;
    let descriptor: AmqpValue;
    if (described) {
      this.position++;
      this.#checkDepth(++depth);
      descriptor = this.value(depth + 1);
    }
    const code = this.peek();
    this.position++;
    this.#checkElements(count, LAYOUT[code]!);
    this.charge(OBJECT_WEIGHT + count * (described ? 1 + OBJECT_WEIGHT : 1));
    const array: AmqpValue[] = [];
    for (let index = 0; index < count; index++) {
      const element = this.#payload(code, depth + 1);
      array.push(described ? new Described(descriptor, element) : element);
    }
    this.leave(outer);
    return array;
  }

  #checkElements(count: number, layout: number): void {
    if (layout === UNKNOWN) throw this.fail('The elements of an array have no known format code', this.position - 1);
    if (layout === 0) this.zeroWidthLeft = chargeZeroWidth(count, this.zeroWidthLeft, this.position - this.origin);
    else this.#checkCount(count);
  }

  #checkCount(count: number): void {
    if (count > this.end - this.position) {
      throw this.fail('A list, map or array has fewer bytes than elements', this.position);
    }
  }

  #checkDepth(depth: number): void {
    if (depth >= MAX_DEPTH) throw this.fail(`Values nest deeper than ${MAX_DEPTH} levels`, this.position);
  }
}

/** True if a format code is that of a string or symbol. */
function isText(code: number): boolean {
  return code === 0xa1 || code === 0xa3 || code === 0xb1 || code === 0xb3;
}
