import type { Clock } from '../clock.js';
import { readUint32 } from '../codec/big-endian.js';
import { FieldCursor } from '../codec/field-cursor.js';
import { ADDRESS, EXPIRY_TIME } from '../codec/fields.js';
import { checkSections, readField } from '../codec/read-section.js';
import { SectionCursor } from '../codec/section-cursor.js';
import type { Output } from '../codec/output.js';
import { DELIVERY_ANNOTATIONS, HEADER, PROPERTIES } from '../codec/sections.js';
import { SharedBytes } from './memory-budget.js';

/** The place of absolute-expiry-time in the list of the properties (AMQP 1.0 §3.2.4). */
const EXPIRY_PLACE = 8;

/**
 * The fields of a received message that a broker has to know, to be used before it reads the next one: an object for each would
 * cost more than the reading. The rest of the message is for its receiver alone.
 */
export class IncomingMessage {
  buffer: Buffer = Buffer.alloc(0);
  /** The offset of the bytes that are passed on: behind the header, which is written anew, and the delivery annotations. */
  rest = 0;
  end = 0;
  /** The bytes from `rest` to `end`, when they are in memory of the broker that deliveries may share. */
  shared: SharedBytes | undefined = undefined;
  /** The message-format with which it came (AMQP 1.0 §2.7.5). Written by whatever reads it. */
  messageFormat = 0;
  durable = false;
  /** -1 when the message does not say. */
  priority = -1;
  /** Its time to live, in milliseconds; -1 when it does not say. */
  ttl = -1;
  /** False when it says that a consumer may have acquired it before: then the broker says so, too. */
  firstAcquirer = true;
  /** When it stops being of use, in milliseconds since 1970. `Infinity` when it does not say. */
  expiry: number = Infinity;
  readonly #sections = new SectionCursor();
  readonly #fields = new FieldCursor();

  /** Reads a message. Throws `DecodeError` when its sections are not those of AMQP 1.0 §3.2. */
  read(buffer: Buffer, start: number, end: number): this {
    checkSections(buffer, start, end);
    const sections = this.#sections;
    this.buffer = buffer;
    this.end = end;
    this.shared = undefined;
    this.messageFormat = 0;
    this.#readHeader(buffer, start, end);
    if (sections.code === DELIVERY_ANNOTATIONS) sections.next();
    this.rest = sections.start;
    while (sections.code < PROPERTIES) sections.next();
    if (sections.code === PROPERTIES && this.#mayExpire(sections.value)) this.#properties(start);
    return this;
  }

  /** Reads a message of the broker again: a header of its own, `buffer[start, end)`, and the bytes behind it. */
  readShared(buffer: Buffer, start: number, end: number, shared: SharedBytes): this {
    this.#readHeader(buffer, start, end);
    this.buffer = shared.buffer;
    this.rest = shared.start;
    this.end = shared.end;
    this.shared = shared;
    return this;
  }

  /** Copies what is kept of it into memory of the broker, for its deliveries to share. Sharing it again does nothing. */
  share(output: Output): void {
    if (this.shared !== undefined) return;
    output.open(0);
    output.bytes(this.buffer, this.rest, this.end);
    this.buffer = output.buffer;
    this.rest = output.start;
    this.end = output.position;
    this.shared = new SharedBytes(this.buffer, this.rest, this.end);
  }

  /** The number of its bytes that a queue keeps. */
  get size(): number {
    return this.end - this.rest;
  }

  /**
   * Works out the time that it has left, in milliseconds. An absolute time counts before a time to live: a sender that gives
   * both says the same with them.
   */
  lifetime(clock: Clock): number {
    if (this.expiry !== Infinity) return this.expiry - clock.wallNow();
    return this.ttl >= 0 ? this.ttl : Infinity;
  }

  /** The address that it is to go to, which only the anonymous terminus asks for. Throws `DecodeError` when it is no text. */
  get to(): string | undefined {
    return readField(ADDRESS, this.buffer, this.rest, this.end, false);
  }

  /** Reads the header, if there is one, and goes on to the section behind it. */
  #readHeader(buffer: Buffer, start: number, end: number): void {
    const sections = this.#sections;
    this.durable = false;
    this.priority = -1;
    this.ttl = -1;
    this.firstAcquirer = true;
    this.expiry = Infinity;
    sections.open(buffer, start, end);
    sections.next();
    if (sections.code !== HEADER) return;
    const fields = this.#fields;
    fields.open(buffer, sections.value, end);
    this.durable = fields.boolean('durable');
    this.priority = fields.uint('priority');
    this.ttl = fields.uint('ttl');
    const at = fields.skip();
    if (at >= 0) this.firstAcquirer = buffer[at] === 0x41 || (buffer[at] === 0x56 && buffer[at + 1] === 1);
    sections.next();
  }

  /** Nearly no message has so many properties, and then the list ends before that one. */
  #mayExpire(at: number): boolean {
    const { buffer } = this;
    if (buffer[at] === 0xc0) return buffer[at + 2]! > EXPIRY_PLACE;
    return buffer[at] === 0xd0 && readUint32(buffer, at + 5) > EXPIRY_PLACE;
  }

  #properties(start: number): void {
    const expiry = Number(readField(EXPIRY_TIME, this.buffer, start, this.end, false) ?? 0);
    // Qpid Proton writes a time that is not set as 0.
    if (expiry > 0) this.expiry = expiry;
  }
}
