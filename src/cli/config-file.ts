import { dirname, resolve } from 'node:path';
import type { ConfigNode } from '../config/config-node.js';
import { fillIn } from '../config/fill-in.js';
import { readText } from '../config/load-config.js';
import { nearest } from '../config/nearest.js';
import { parseDocument } from '../config/parse-document.js';
import { problemText } from '../config/problem.js';
import { ConfigError } from '../errors.js';

/** What the values of a file have in common. */
interface Source {
  readonly file: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * A value of a YAML or JSON file, and where it stands. Whatever is wrong with it is a `ConfigError` that names file, line
 * and key, and never the value: it may be a secret.
 */
export class ConfigValue {
  readonly #source: Source;
  readonly #node: ConfigNode;
  /** Where it stands: the line of its key, when it has one. */
  readonly #line: number;
  /** Its keys from the top, such as `queues.orders.maxMessages`. */
  readonly #path: string;

  private constructor(source: Source, node: ConfigNode, line: number, path: string) {
    this.#source = source;
    this.#node = node;
    this.#line = line;
    this.#path = path;
  }

  /** Reads a file. `environment` is what `${NAME}` in a text stands for. */
  static async readFile(path: string, environment: Source['environment'] = process.env): Promise<ConfigValue> {
    const file = resolve(path);
    const { root, problems } = parseDocument(await readText(file));
    if (problems.length > 0) throw new ConfigError(problems.map((one) => problemText(file, one)).join('\n'));
    return new ConfigValue({ file, environment }, root, root.line, '');
  }

  /** The folder of the file, from which paths in it start. */
  get folder(): string {
    return dirname(this.#source.file);
  }

  /** The entries of a map, whatever their keys. Nothing at all is an empty map. */
  entries(): [key: string, value: ConfigValue][] {
    if (this.isNull) return [];
    if (this.#node.kind !== 'map') throw this.error('must be a group of keys.');
    return Array.from(this.#node.entries, ([key, { line, node }]) => {
      return [key, new ConfigValue(this.#source, node, line, this.#path === '' ? key : `${this.#path}.${key}`)];
    });
  }

  /** The entries of a map that may have these keys and no others. */
  fields<Name extends string>(names: readonly Name[]): Map<Name, ConfigValue> {
    const fields = new Map<Name, ConfigValue>();
    for (const [key, value] of this.entries()) {
      const name = names.find((known) => known === key);
      if (name === undefined) {
        const near = nearest(key, names);
        const there = near === undefined ? `There are: ${names.join(', ')}.` : `Did you mean ${near}?`;
        throw value.error(`is no key that there is. ${there}`);
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

  /** A text, with `${NAME}` and `${NAME:-default}` replaced by what the environment has. */
  text(): string {
    if (typeof this.#scalar() !== 'string') throw this.error('must be text. Put it in quotes.');
    const { data, problems } = fillIn(this.#node, { folder: this.folder, env: this.#source.environment });
    const [problem] = problems;
    if (problem !== undefined) throw this.error(problem.message);
    // A text stays one when it is filled in.
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

  /** Whether it is null. */
  get isNull(): boolean {
    return this.#scalar() === null;
  }

  /** What is wrong with it, in words that go on after its key. */
  error(message: string): ConfigError {
    return new ConfigError(problemText(this.#source.file, { line: this.#line, key: this.#path, message }));
  }

  #scalar(): unknown {
    return this.#node.kind === 'scalar' ? this.#node.value : undefined;
  }
}
