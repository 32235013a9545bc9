import { DataBody, SequenceBody, ValueBody } from '../message/body.js';
import { Described } from '../message/typed.js';

/**
 * Prepares a value for `JSON.stringify`: a bigint becomes its digits, a `Map` a list of pairs. Everything else stays as
 * it is.
 */
export function jsonValue(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(jsonValue);
  if (value instanceof Map) return Array.from(value, jsonValue);
  const prototype: unknown = Object.getPrototypeOf(value);
  const open = prototype === null || prototype === Object.prototype || hasParts(value);
  if (!open) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, jsonValue(part)]));
}

function hasParts(value: object): boolean {
  return [DataBody, SequenceBody, ValueBody, Described].some((part) => value instanceof part);
}
