import type { Message } from '../message/message.js';
import { checkFieldNames } from './field-names.js';
import type { Output } from './output.js';
import { ReceivedMessage } from './received-message.js';
import { APPLICATION_PROPERTIES, DELIVERY_ANNOTATIONS, FOOTER, MESSAGE_ANNOTATIONS } from './sections.js';
import { Unencodable, encodeError, nameOf } from './unencodable.js';
import { writeBody, writeHeader, writeMapSection, writeProperties } from './write-section.js';

/**
 * Writes the sections of a message (AMQP 1.0 §3.2) at `output.position`. Empty sections and fields are left out. A
 * `ReceivedMessage` keeps its received bytes, except for what the program has changed.
 *
 * @param address The address to send as `to`, instead of `message.address`.
 * @throws `EncodeError` that names the field, for an unknown field, a wrong type, or a value that AMQP cannot encode.
 * The caller must then abandon the record.
 */
export function encodeMessage(output: Output, message: Message, address: string | undefined): void {
  try {
    if (message instanceof ReceivedMessage) message.writeTo(output, address);
    else writeMessage(output, message, address);
  } catch (thrown) {
    throw encodeError(thrown, '');
  }
}

function writeMessage(output: Output, message: Message, address: string | undefined): void {
  checkMessage(message);
  writeHeader(output, message);
  writeMapSection(output, DELIVERY_ANNOTATIONS, message.deliveryAnnotations, 'symbols', 'deliveryAnnotations');
  writeMapSection(output, MESSAGE_ANNOTATIONS, message.annotations, 'symbols', 'annotations');
  writeProperties(output, message, address);
  writeMapSection(output, APPLICATION_PROPERTIES, message.properties, 'simple', 'properties');
  writeBody(output, message.body);
  writeMapSection(output, FOOTER, message.footer, 'symbols', 'footer');
}

/** Callers without TypeScript may pass any value. */
function checkMessage(message: unknown): void {
  if (typeof message !== 'object' || message === null) {
    throw new Unencodable(`takes a plain object, not ${nameOf(message)}`);
  }
  checkFieldNames(message);
}
