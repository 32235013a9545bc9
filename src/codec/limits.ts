/** What a value may be at most, so that hostile bytes stay harmless and a cyclic object is an error. */

/** How deep values may nest, in levels: one for each list, map, array and described value around another. */
export const MAX_DEPTH = 32;

/**
 * How many elements an array may have, in elements, when an element takes no bytes (`null`, `true`, `list0` and so on):
 * otherwise ten bytes could ask for four thousand million of them.
 */
export const MAX_ZERO_WIDTH_ELEMENTS = 1024;

/** How many such elements all arrays of one value or section may have together, in elements. */
export const MAX_ZERO_WIDTH_TOTAL = 65_536;

// One more limit has no number: the elements of an array share at most one descriptor, because each further one would
// make another object of every byte.
