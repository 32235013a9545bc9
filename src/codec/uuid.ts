/**
 * AMQP's uuid type (AMQP 1.0 §1.6.18) is any 16 bytes. The package `uuid` is not used here: its `stringify` and
 * `validate` refuse bytes without a version of RFC 9562, and a peer may send any.
 */

/** The text form of the 16 bytes at `position` (RFC 9562 §4). The caller has checked that they are there. */
export function readUuid(buffer: Buffer, position: number): string {
  const hex = buffer.toString('hex', position, position + 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

const UUID_TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** True if `text` is the text form of a UUID. */
export function isUuid(text: string): boolean {
  return UUID_TEXT.test(text);
}

/** Writes the 16 bytes of a UUID whose text `isUuid`. The caller has made room for them. */
export function writeUuid(buffer: Buffer, position: number, text: string): void {
  buffer.write(text.replaceAll('-', ''), position, 'hex');
}
