/** The sections of a message, by the codes of their descriptors (AMQP 1.0 §3.2), in the order they stand in. */

export const HEADER = 0x70;
export const DELIVERY_ANNOTATIONS = 0x71;
export const MESSAGE_ANNOTATIONS = 0x72;
export const PROPERTIES = 0x73;
export const APPLICATION_PROPERTIES = 0x74;
export const DATA = 0x75;
export const SEQUENCE = 0x76;
export const VALUE = 0x77;
export const FOOTER = 0x78;

/** Whether a section is one of those a body consists of. */
export function isBody(section: number): boolean {
  return section >= DATA && section <= VALUE;
}

/** The same by the symbols that may stand for the codes. */
export const SECTION_NAMES: ReadonlyMap<string, number> = new Map([
  ['amqp:header:list', HEADER],
  ['amqp:delivery-annotations:map', DELIVERY_ANNOTATIONS],
  ['amqp:message-annotations:map', MESSAGE_ANNOTATIONS],
  ['amqp:properties:list', PROPERTIES],
  ['amqp:application-properties:map', APPLICATION_PROPERTIES],
  ['amqp:data:binary', DATA],
  ['amqp:amqp-sequence:list', SEQUENCE],
  ['amqp:amqp-value:*', VALUE],
  ['amqp:footer:map', FOOTER],
]);
