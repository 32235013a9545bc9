import { readFileSync } from 'node:fs';
import { LineCounter, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { ParsedNode } from 'yaml';
import { OptionError, asError } from '../errors.js';

/** Where the values of a file are, for messages about them. */
interface Source {
  readonly file: string;
  readonly lines: LineCounter;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * A value of a YAML or JSON file, and where it stands. Whatever is wrong with it is an `OptionError` that names file, line
 * and key, and never the value: it may be a secret.
 */
export class ConfigValue {
  readonly #source: Source;
  readonly #node: ParsedNode | null;
  /** Its keys from the top, such as `queues.orders.maxMessages`. */
  readonly #path: string;

  private constructor(source: Source, node: ParsedNode | null, path: string) {
    this.#source = source;
    this.#node = node;
    this.#path = path;
  }

  /** Reads a file. `environment` is what `${NAME}` in a text stands for. */
  static readFile(file: string, environment: Source['environment'] = process.env): ConfigValue {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (cause) {
      throw new OptionError(`The file ${file} cannot be read: ${asError(cause).message}.`, { cause });
    }
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
    const [error] = document.errors;
    if (error !== undefined) {
      throw new OptionError(`${file}:${lines.linePos(error.pos[0]).line}: this is not YAML or JSON: ${error.message}.`);
    }
    return new ConfigValue({ file, lines, environment }, document.contents, '');
  }

  /** The entries of a map, whatever their keys. Nothing at all is an empty map. */
  entries(): [key: string, value: ConfigValue][] {
    if (this.#node === null || (isScalar(this.#node) && this.#node.value === null)) return [];
    if (!isMap(this.#node)) throw this.error('must be a map of names and values');
    return this.#node.items.map(({ key, value }) => {
      const name = isScalar(key) ? String(key.value) : '';
      // The key stands in for a value that is missing, to have a line.
      return [name, new ConfigValue(this.#source, value ?? key, this.#path === '' ? name : `${this.#path}.${name}`)];
    });
  }

  /** The entries of a map that may have these keys and no others. */
  fields<Name extends string>(names: readonly Name[]): Map<Name, ConfigValue> {
    const fields = new Map<Name, ConfigValue>();
    for (const [key, value] of this.entries()) {
      const name = names.find((known) => known === key);
      if (name === undefined) throw value.error(`is not a setting${suggestion(key, names)}`);
      fields.set(name, value);
    }
    return fields;
  }

  /** The values of a list. */
  list(): ConfigValue[] {
    if (!isSeq(this.#node)) throw this.error('must be a list');
    return this.#node.items.map((item, index) => new ConfigValue(this.#source, item, `${this.#path}[${index}]`));
  }

  /** A text, with `${NAME}` replaced by what the environment has. */
  text(): string {
    const value = this.#scalar();
    if (typeof value !== 'string') throw this.error('must be a text; put it in quotes');
    return value.replace(/\$\{(\w+)\}/g, (_whole, name: string) => {
      const found = this.#source.environment[name];
      if (found === undefined) throw this.error(`needs the environment variable ${name}, which is not set`);
      return found;
    });
  }

  /** A number. */
  number(): number {
    const value = this.#scalar();
    if (typeof value !== 'number') throw this.error('must be a number');
    return value;
  }

  /** `true` or `false`. */
  boolean(): boolean {
    const value = this.#scalar();
    if (typeof value !== 'boolean') throw this.error('must be true or false');
    return value;
  }

  /** Whether it is null. */
  get isNull(): boolean {
    return this.#scalar() === null;
  }

  /** What is wrong with it, in words that go on after its key. */
  error(problem: string): OptionError {
    const { file, lines } = this.#source;
    const line = lines.linePos(this.#node?.range[0] ?? 0).line;
    return new OptionError(`${file}:${line}: ${this.#path || 'the file'} ${problem}.`);
  }

  #scalar(): unknown {
    return isScalar(this.#node) ? this.#node.value : undefined;
  }
}

/** The known name that is nearest to what was written, when one is near. */
function suggestion(written: string, names: readonly string[]): string {
  const [nearest] = names
    .map((name) => ({ name, distance: distance(written.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  if (nearest !== undefined && nearest.distance <= Math.max(2, written.length / 3)) {
    return `; did you mean ${nearest.name}`;
  }
  return `; there are ${names.join(', ')}`;
}

/** How many letters have to be changed, added or left out (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const changed = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(changed, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
