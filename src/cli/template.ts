import { uniqueId } from '../unique-id.js';
import { InvalidArgumentError } from 'commander';

/** The fields in braces, and their values in message number `n`. */
const FIELDS: Readonly<Record<string, (n: number) => string>> = {
  n: String,
  uuid: () => uniqueId(),
  now: () => new Date().toISOString(),
  time: () => String(Date.now()),
  random: () => String(Math.floor(Math.random() * 1_000_000)),
};

/** A template for generated messages, such as `order {n} {uuid} {now}`. `{{` stands for `{`, and `}}` for `}`. */
export class Template {
  readonly #parts: ((n: number) => string)[];

  constructor(text: string) {
    this.#parts = (text.match(/\{\{|\}\}|\{[^{}]*\}|[^{}]+|[{}]/g) ?? []).map(partOf);
  }

  /** The text for message number `n`, counted from 1. */
  fill(n: number): string {
    return this.#parts.map((part) => part(n)).join('');
  }
}

/** Reads a template from the command line. */
export function template(text: string): Template {
  return new Template(text);
}

function partOf(text: string): (n: number) => string {
  if (text === '{{' || text === '}}') return () => text.charAt(0);
  if (!text.startsWith('{') || !text.endsWith('}') || text.length < 2) {
    if (text === '{' || text === '}')
      throw new InvalidArgumentError('A brace that stands for itself is written twice: {{ or }}.');
    return () => text;
  }
  const name = text.slice(1, -1);
  const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
  if (field !== undefined) return field;
  throw new InvalidArgumentError(`There is no ${text}. There are: ${Object.keys(FIELDS).join(', ')}, each in braces.`);
}
