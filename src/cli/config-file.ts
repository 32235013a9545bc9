import { dirname, resolve } from 'node:path';
import type { ConfigNode } from '../config/config-node.js';
import { fillIn } from '../config/fill-in.js';
import { readText } from '../config/load-config.js';
import { nearest } from '../nearest.js';
import { parseDocument } from '../config/parse-document.js';
import { problemText } from '../config/problem.js';
import { ConfigError } from '../errors.js';

/** The data that all values of a file share. */
interface Source {
  readonly file: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * A value of a YAML or JSON file, with its position. Reading it as a wrong type throws a `ConfigError` that names file,
 * line and key, but not the value, which may be a secret.
 */
export class ConfigValue {
  readonly #source: Source;
  readonly #node: ConfigNode;
  /** The line of the key, or of the value when it has no key. */
  readonly #line: number;
  /** The path of keys, such as `queues.orders.maxMessages`. */
  readonly #path: string;

  private constructor(source: Source, node: ConfigNode, line: number, path: string) {
    this.#source = source;
    this.#node = node;
    this.#line = line;
    this.#path = path;
  }

  /** Reads a file. `environment` has the values for `${NAME}` in texts. */
  static async readFile(path: string, environment: Source['environment'] = process.env): Promise<ConfigValue> {
    const file = resolve(path);
    const { root, problems } = parseDocument(await readText(file));
    if (problems.length > 0) throw new ConfigError(problems.map((one) => problemText(file, one)).join('\n'));
    return new ConfigValue({ file, environment }, root, root.line, '');
  }

  /** The folder of the file, which paths in it are relative to. */
  get folder(): string {
    return dirname(this.#source.file);
  }

  /** The entries of a map, with any keys. An empty value is an empty map. */
  entries(): [key: string, value: ConfigValue][] {
    if (this.isNull) return [];
    if (this.#node.kind !== 'map') throw this.error('must be a group of keys.');
    return Array.from(this.#node.entries, ([key, { line, node }]) => {
      return [key, new ConfigValue(this.#source, node, line, this.#path === '' ? key : `${this.#path}.${key}`)];
    });
  }

  /** The entries of a map that may have only these keys. */
  fields<Name extends string>(names: readonly Name[]): Map<Name, ConfigValue> {
    const fields = new Map<Name, ConfigValue>();
    for (const [key, value] of this.entries()) {
      const name = names.find((known) => known === key);
      if (name === undefined) {
        const near = nearest(key, names);
        const there = near === undefined ? `There are: ${names.join(', ')}.` : `Did you mean ${near}?`;
        throw value.error(`is not a known key. ${there}`);
      }
      fields.set(name, value);
    }
    return fields;
  }

  /** The values of a list. */
  list(): ConfigValue[] {
    if (this.#node.kind !== 'list') throw this.error('must be a list.');
    return this.#node.items.map(
      (item, index) => new ConfigValue(this.#source, item, item.line, `${this.#path}[${index}]`),
    );
  }

  /** A text, with `${NAME}` and `${NAME:-default}` filled in from the environment. */
  text(): string {
    if (typeof this.#scalar() !== 'string') throw this.error('must be text. Put it in quotes.');
    const { data, problems } = fillIn(this.#node, { folder: this.folder, env: this.#source.environment });
    const [problem] = problems;
    if (problem !== undefined) throw this.error(problem.message);
    // Filling in a text gives a text.
    return String(data);
  }

  /** A number. */
  number(): number {
    const value = this.#scalar();
    if (typeof value !== 'number') throw this.error('must be a number.');
    return value;
  }

  /** `true` or `false`. */
  boolean(): boolean {
    const value = this.#scalar();
    if (typeof value !== 'boolean') throw this.error('must be true or false.');
    return value;
  }

  /** True if the value is null. */
  get isNull(): boolean {
    return this.#scalar() === null;
  }

  /** Makes the error for this value. The message continues a sentence that begins with the key. */
  error(message: string): ConfigError {
    return new ConfigError(problemText(this.#source.file, { line: this.#line, key: this.#path, message }));
  }

  #scalar(): unknown {
    return this.#node.kind === 'scalar' ? this.#node.value : undefined;
  }
}
