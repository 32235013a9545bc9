import type { ConfigNode, MapNode } from './config-node.js';

/** Lists whose first match decides: the rules of a profile go before the others. */
const ORDERED = new Set(['routes', 'rewrites']);

const NOTHING: MapNode = { kind: 'map', line: 1, entries: new Map() };

/**
 * Applies a profile to the settings of a file. Settings that the profile does not name stay; `null` removes a setting.
 */
export function withProfile(root: MapNode, profile: MapNode | undefined): MapNode {
  const entries = new Map([...root.entries].filter(([key]) => key !== 'profiles' && key !== '$schema'));
  const base: MapNode = { ...root, entries };
  return profile === undefined ? base : mergeMaps(base, profile);
}

function mergeMaps(base: MapNode, over: MapNode): MapNode {
  const entries = new Map(base.entries);
  for (const [key, { line, node }] of over.entries) {
    if (node.kind === 'scalar' && node.value === null) entries.delete(key);
    else entries.set(key, { line, node: mergeNodes(key, entries.get(key)?.node, node) });
  }
  return { ...base, entries };
}

function mergeNodes(key: string, base: ConfigNode | undefined, over: ConfigNode): ConfigNode {
  if (over.kind === 'map') return mergeMaps(base?.kind === 'map' ? base : { ...NOTHING, line: over.line }, over);
  if (over.kind === 'list' && base?.kind === 'list' && ORDERED.has(key)) {
    return { ...over, items: [...over.items, ...base.items] };
  }
  return over;
}
