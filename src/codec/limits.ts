/** Limits on values, which make hostile bytes harmless and a cyclic object an error. */

/**
 * The most values that reading the body of a message may make, in values of about 32 bytes of memory: 64 MiB together.
 * Each element, key and entry counts as one, and each object adds the weight below. Without this limit, three bytes of
 * a message could become two hundred bytes of memory.
 */
export const MAX_BODY_VALUES = 2_097_152;

/** The most values for every other section, and for a value outside a message: 1 MiB together. */
export const MAX_VALUES = 32_768;

/** The weight that a list, an array, a described value, bytes, a date or a `Typed` adds, in values. */
export const OBJECT_WEIGHT = 3;

/** The weight that a map adds to its keys and entries, in values. */
export const MAP_WEIGHT = 6;

/** The most elements that all lists, maps and arrays of a performative may have together. */
export const MAX_PERFORMATIVE_ELEMENTS = 4096;

/** The deepest that values may nest, in levels: one for each list, map, array and described value around another. */
export const MAX_DEPTH = 32;

/**
 * The most elements of an array whose elements take no bytes (`null`, `true`, `list0` and so on). Without this limit,
 * ten bytes could ask for four thousand million of them.
 */
export const MAX_ZERO_WIDTH_ELEMENTS = 1024;

/** The most such elements that all arrays of one value, section or body may have together. */
export const MAX_ZERO_WIDTH_TOTAL = 65_536;

// One more limit has no number: the elements of an array share at most one descriptor. Each further descriptor would
// make another object for every byte.
