import { Pattern } from '../../address/pattern.js';
import { OptionError } from '../../errors.js';

/**
 * The capabilities of nodes: one list for all of them, or lists by pattern of the node's name, as in a route table; the
 * first pattern that matches counts.
 */
export type NodeCapabilities = readonly string[] | Readonly<Record<string, readonly string[]>>;

/** Finds the capabilities for a node, by its name at the peer. */
export type CapabilitiesOf = (node: string | undefined) => readonly string[];

/** Reads the option `capabilities`. Throws `OptionError` for anything but a list of names or lists by pattern. */
export function nodeCapabilities(option: NodeCapabilities): CapabilitiesOf {
  const byPattern = isList(option) ? { '*': option } : option;
  if (typeof byPattern !== 'object' || !Object.values(byPattern).every(isList)) {
    throw new OptionError(
      "Option capabilities must be a list, such as ['queue'], or lists by pattern, such as { 'news/*': ['topic'] }.",
    );
  }
  const rules = Object.entries(byPattern).map(([pattern, names]) => ({ pattern: new Pattern(pattern), names }));
  // A dynamic node is created as a queue by the peer, and the anonymous terminus has no capabilities.
  return (node) =>
    node === undefined || node === '' || node === '#'
      ? []
      : (rules.find(({ pattern }) => pattern.match(node))?.names ?? []);
}

function isList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== '');
}
