/** A word or number of a configuration file, with its line. */
export interface ScalarNode {
  readonly kind: 'scalar';
  readonly line: number;
  readonly value: string | number | boolean | null;
}

/** A key of a mapping, with its line and its value. */
export interface Entry {
  readonly line: number;
  readonly node: ConfigNode;
}

/** A mapping. */
export interface MapNode {
  readonly kind: 'map';
  readonly line: number;
  readonly entries: ReadonlyMap<string, Entry>;
}

/** A list. */
export interface ListNode {
  readonly kind: 'list';
  readonly line: number;
  readonly items: readonly ConfigNode[];
}

/** A part of a configuration file, with its position. */
export type ConfigNode = ScalarNode | MapNode | ListNode;

/** The path from the root to a part: keys and item numbers. */
export type NodePath = readonly (string | number)[];

/** The line of the part at a path, or of the nearest existing part above it. */
export function lineAt(root: ConfigNode, path: NodePath): number {
  let node = root;
  let line = root.line;
  for (const step of path) {
    const entry = child(node, step);
    if (entry === undefined) return line;
    ({ line, node } = entry);
  }
  return line;
}

/** The part at a path. */
export function nodeAt(root: ConfigNode, path: NodePath): ConfigNode | undefined {
  let node: ConfigNode | undefined = root;
  for (const step of path) node = node && child(node, step)?.node;
  return node;
}

/** A path as text, such as `routes[2].pattern`. */
export function pathText(path: NodePath): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '');
}

function child(node: ConfigNode, step: string | number): Entry | undefined {
  if (node.kind === 'map') return node.entries.get(String(step));
  const item = node.kind === 'list' ? node.items[Number(step)] : undefined;
  return item && { line: item.line, node: item };
}
