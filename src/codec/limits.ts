/** What a value may be at most, so that hostile bytes stay harmless and a cyclic object is an error. */

/**
 * How many values the body of a message may become when it is read, in values of about 32 bytes of memory: 64 MiB
 * together. Each element, key and entry counts as one, and what is an object besides by the weights below. Without this
 * limit three bytes of a message could become two hundred of memory.
 */
export const MAX_BODY_VALUES = 2_097_152;

/** The same for every other section, and for a value outside a message: 1 MiB together. */
export const MAX_VALUES = 32_768;

/** What a list, an array, a described value, bytes, a date or a `Typed` counts besides, in such values. */
export const OBJECT_WEIGHT = 3;

/** What a map counts besides its keys and entries, in such values. */
export const MAP_WEIGHT = 6;

/** How many elements all lists, maps and arrays of a performative may have together, in elements. */
export const MAX_PERFORMATIVE_ELEMENTS = 4096;

/** How deep values may nest, in levels: one for each list, map, array and described value around another. */
export const MAX_DEPTH = 32;

/**
 * How many elements an array may have, in elements, when an element takes no bytes (`null`, `true`, `list0` and so on):
 * otherwise ten bytes could ask for four thousand million of them.
 */
export const MAX_ZERO_WIDTH_ELEMENTS = 1024;

/** How many such elements all arrays of one value, section or body may have together, in elements. */
export const MAX_ZERO_WIDTH_TOTAL = 65_536;

// One more limit has no number: the elements of an array share at most one descriptor, because each further one would
// make another object of every byte.
