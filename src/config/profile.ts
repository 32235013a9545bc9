import type { ConfigNode, Entry, MapNode } from './config-node.js';

/** Lists whose first match decides: a profile's rules go before the others. */
const ORDERED = new Set(['routes', 'rewrites']);

/** The settings of a file with a profile laid over them. What the profile does not name stays. */
export function withProfile(root: MapNode, profile: MapNode | undefined): MapNode {
  const entries = new Map([...root.entries].filter(([key]) => key !== 'profiles' && key !== '$schema'));
  const base: MapNode = { ...root, entries };
  return profile === undefined ? base : mergeMaps(base, profile);
}

function mergeMaps(base: MapNode, over: MapNode): MapNode {
  const entries = new Map(base.entries);
  for (const [key, entry] of over.entries) {
    const known = entries.get(key);
    entries.set(key, known === undefined ? entry : mergeEntry(key, known, entry));
  }
  return { ...base, entries };
}

function mergeEntry(key: string, base: Entry, over: Entry): Entry {
  return { line: over.line, node: mergeNodes(key, base.node, over.node) };
}

function mergeNodes(key: string, base: ConfigNode, over: ConfigNode): ConfigNode {
  if (base.kind === 'map' && over.kind === 'map') return mergeMaps(base, over);
  if (base.kind === 'list' && over.kind === 'list' && ORDERED.has(key)) {
    return { ...over, items: [...over.items, ...base.items] };
  }
  return over;
}
