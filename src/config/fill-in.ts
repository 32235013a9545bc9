import { resolve } from 'node:path';
import { asError } from '../errors.js';
import { readSecret } from '../small-file.js';
import { pathText } from './config-node.js';
import type { ConfigNode, NodePath, ScalarNode } from './config-node.js';
import type { ConfigProblem } from './problem.js';
import { FillInError, fillReferences } from './references.js';

const FILE = 'file:';
/** Values that may be `file:` and the path of a file. */
const SECRETS = /^((sasl|credentials\..*)\.(user|password|token)|tls\.passphrase|listen\.users\..*)$/s;
/** Values that are paths, from the folder of the configuration. */
const PATHS = /^((sasl|credentials\..*)\.passwordFile|tls\.(ca|cert|key)File)$/s;

/** The sources of values from outside the file. */
export interface Surroundings {
  /** The folder that relative paths start from. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A configuration as plain data. */
export interface FilledIn {
  readonly data: unknown;
  readonly problems: readonly ConfigProblem[];
  /** The paths of values that came from outside. They are text, whatever type the setting has. */
  readonly outside: ReadonlySet<string>;
}

/** True if a value is known only after filling in. */
export function isOpen(node: ConfigNode | undefined): boolean {
  return node?.kind === 'scalar' && typeof node.value === 'string' && node.value.includes('${');
}

/** The data of a part as written, before filling in. */
export function dataOf(node: ConfigNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(dataOf);
  return record(Array.from(node.entries, ([key, entry]) => [key, dataOf(entry.node)]));
}

/** Fills in values from the environment and from files. */
export function fillIn(root: ConfigNode, surroundings: Surroundings): FilledIn {
  const filling = new Filling(surroundings);
  const data = filling.node(root, []);
  return { data, problems: filling.problems, outside: filling.outside };
}

class Filling {
  readonly problems: ConfigProblem[] = [];
  readonly outside = new Set<string>();
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  node(node: ConfigNode, path: NodePath): unknown {
    if (node.kind === 'scalar') return typeof node.value === 'string' ? this.#text(node, node.value, path) : node.value;
    if (node.kind === 'list') return node.items.map((item, index) => this.node(item, [...path, index]));
    return record(Array.from(node.entries, ([key, entry]) => [key, this.node(entry.node, [...path, key])]));
  }

  #text(node: ScalarNode, text: string, path: NodePath): string {
    const name = path.slice(1).join('.');
    const isConnection = path[0] === 'connections';
    const filled = this.#references(node, text, path);
    // Only the written text may begin with `file:`: a value from outside must not name a file.
    if (isConnection && SECRETS.test(name) && text.startsWith(FILE)) {
      return this.#file(node, filled.slice(FILE.length), path);
    }
    return isConnection && PATHS.test(name) ? resolve(this.#surroundings.folder, filled) : filled;
  }

  #references(node: ScalarNode, text: string, path: NodePath): string {
    if (!text.includes('${')) return text;
    // In the address of a rule, `$` begins a group reference.
    const isAddress = (path[0] === 'routes' || path[0] === 'rewrites') && path.at(-1) === 'address';
    this.outside.add(JSON.stringify(path));
    try {
      return fillReferences(
        text,
        this.#surroundings.env,
        isAddress ? (value) => value.replaceAll('$', '$$$$') : String,
      );
    } catch (error) {
      if (!(error instanceof FillInError)) throw error;
      this.#add(node, path, error.message);
      return '';
    }
  }

  #file(node: ScalarNode, name: string, path: NodePath): string {
    const file = resolve(this.#surroundings.folder, name);
    try {
      return readSecret(file);
    } catch (error) {
      this.#add(node, path, `names a file that cannot be read: ${asError(error).message}.`);
    }
    return '';
  }

  #add({ line }: ScalarNode, path: NodePath, message: string): void {
    this.problems.push({ line, key: pathText(path), message });
  }
}

/** An object without a prototype, so that `__proto__` is a key like any other. */
function record(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const object = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of entries) object[key] = value;
  return object;
}
