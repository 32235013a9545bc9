import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument as parseYaml } from 'yaml';
import type { Node } from 'yaml';
import type { ConfigNode, Entry } from './config-node.js';
import type { ConfigProblem } from './problem.js';

/** The content of a file, or its problems. */
export interface ParsedDocument {
  readonly root: ConfigNode;
  readonly problems: readonly ConfigProblem[];
}

const EMPTY: ConfigNode = { kind: 'map', line: 1, entries: new Map() };
/** The deepest that mappings and lists may be nested. A configuration needs 6 levels. */
const MAX_DEPTH = 32;
/** The most problems that are reported at once. */
const MAX_PROBLEMS = 20;

/**
 * Reads YAML, which includes JSON, as plain data: no tags, no aliases (which could expand a small file to any size), no
 * duplicate keys, no `__proto__`.
 */
export function parseDocument(text: string): ParsedDocument {
  const lines = new LineCounter();
  try {
    const document = parseYaml(text, {
      lineCounter: lines,
      prettyErrors: false,
      // Checked below, in linear time; the parser takes quadratic time.
      uniqueKeys: false,
      schema: 'core',
      logLevel: 'error',
    });
    // Only the first error is reported: the others mostly follow from it.
    const [first] = document.errors;
    if (first !== undefined) {
      const { line } = lines.linePos(first.pos[0]);
      return { root: EMPTY, problems: [{ line, key: '', message: syntaxMessage(first.message, text, line) }] };
    }
    return new Conversion(lines).convert(document.contents);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // The parser has run out of stack.
    return { root: EMPTY, problems: [{ line: 1, key: '', message: 'is nested too deeply.' }] };
  }
}

function syntaxMessage(message: string, text: string, line: number): string {
  const isAboutWildcards = /alias|reserved character|directive/i.test(message);
  const isAboutReference = (text.split('\n')[line - 1] ?? '').includes('${');
  const hint = isAboutWildcards
    ? ' Put text that begins with * or % in quotes.'
    : isAboutReference
      ? ' Within { }, put text with ${NAME} in quotes.'
      : '';
  return `is not valid YAML: ${message.replace(/\.?$/, '.')}${hint}`;
}

class Conversion {
  readonly #lines: LineCounter;
  readonly #problems: ConfigProblem[] = [];

  constructor(lines: LineCounter) {
    this.#lines = lines;
  }

  convert(contents: Node | null): ParsedDocument {
    const root = contents === null ? EMPTY : this.#node(contents, '', 0);
    const isGroup = root.kind === 'map' || (root.kind === 'scalar' && root.value === null);
    if (!isGroup) this.#add(root.line, '', 'must be a group of keys, such as routes and connections.');
    return { root: root.kind === 'map' ? root : EMPTY, problems: this.#problems.slice(0, MAX_PROBLEMS) };
  }

  #node(node: Node, path: string, depth: number): ConfigNode {
    const line = this.#lineOf(node);
    if (isAlias(node))
      this.#add(line, path, 'is an alias, which is not allowed. Put text that begins with * in quotes.');
    else if (node.tag !== undefined)
      this.#add(line, path, 'has a tag, which is not allowed: a configuration is only data.');
    else if (depth > MAX_DEPTH) this.#add(line, '', `is nested more than ${MAX_DEPTH} levels deep.`);
    else if (isMap(node)) return this.#map(node.items, line, path, depth);
    else if (isSeq(node)) {
      const items = node.items.map((item, index) => this.#value(item, line, `${path}[${index}]`, depth + 1));
      return { kind: 'list', line, items };
    } else if (isScalar(node)) return { kind: 'scalar', line, value: scalarValue(node.value) };
    return { kind: 'scalar', line, value: null };
  }

  #map(pairs: readonly { key: unknown; value: unknown }[], line: number, path: string, depth: number): ConfigNode {
    const entries = new Map<string, Entry>();
    for (const { key, value } of pairs) {
      const keyLine = isNode(key) ? this.#lineOf(key) : line;
      const name = isScalar(key) && key.tag === undefined ? String(key.value) : undefined;
      const full = path === '' ? (name ?? '') : `${path}.${name}`;
      if (name === undefined)
        this.#add(keyLine, path, 'has a key that is not plain text. Put text that begins with * in quotes.');
      else if (name === '__proto__') this.#add(keyLine, full, 'cannot be a key.');
      else if (entries.has(name)) this.#add(keyLine, full, 'is there twice. Take one of them out.');
      else entries.set(name, { line: keyLine, node: this.#value(value, keyLine, full, depth + 1) });
    }
    return { kind: 'map', line, entries };
  }

  /** A key without a value has no node. */
  #value(value: unknown, line: number, path: string, depth: number): ConfigNode {
    return isNode(value) ? this.#node(value, path, depth) : { kind: 'scalar', line, value: null };
  }

  #lineOf(node: Node): number {
    return node.range ? this.#lines.linePos(node.range[0]).line : 1;
  }

  #add(line: number, key: string, message: string): void {
    this.#problems.push({ line, key, message });
  }
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value);
}

function scalarValue(value: unknown): string | number | boolean | null {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return typeof value === 'bigint' ? Number(value) : null;
}
