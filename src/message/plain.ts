import { SequenceBody, ValueBody } from './body.js';
import { Described } from './typed.js';

/**
 * Copies a received value, with ordinary objects in place of its maps, which have no prototype. Use it for assertions
 * that compare prototypes, and for code that calls the methods of `Object`.
 *
 * ```js
 * assert.deepStrictEqual(plain(message.body), { id: 1 });
 * ```
 *
 * A key `__proto__` stays an own property and sets no prototype. Values of other classes stay as they are: `Map`,
 * `Date`, bytes, `Typed`. Calling it on its own result changes nothing.
 *
 * @param value A value of a message, or a body. It stays unchanged.
 */
export function plain<Value>(value: Value): Value;
export function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((element: unknown) => plain(element));
  if (value instanceof Map) return new Map(Array.from(value, ([key, content]) => [plain(key), plain(content)]));
  if (value instanceof Described) return new Described(value.descriptor, plain(value.value));
  if (value instanceof SequenceBody) return new SequenceBody(value.sections.map(plain));
  if (value instanceof ValueBody) return new ValueBody(plain(value.value));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, content]) => [key, plain(content)]));
}
