import { inspect } from 'node:util';
import { DecodeError } from '../errors.js';
import { inspectAs } from '../inspect.js';
import type { Body, BodyType } from '../message/body.js';
import { DataBody, SequenceBody, ValueBody } from '../message/body.js';
import type { Message, MessageId, Properties } from '../message/message.js';
import { plain } from '../message/plain.js';
import { copyMessage } from './copy-message.js';
import type { MarkedReceived } from './field-names.js';
import { RECEIVED, checkFieldNames } from './field-names.js';
import * as fields from './fields.js';
import type { Field, MapPart, Part } from './fields.js';
import { jsonValue } from './json-value.js';
import type { Output } from './output.js';
import { checkSections, readBody, readBodyType, readField, readMap } from './read-section.js';
import type { ReadOptions } from './scalar-reader.js';
import { encodeError } from './unencodable.js';

/**
 * A received message. It keeps its bytes, and decodes a field when the program reads it for the first time. Reading a
 * field or section whose bytes are not AMQP throws a `DecodeError`.
 *
 * Every field can be set; `undefined` removes it. Changes inside a returned map or body are not noticed: set the field
 * instead. When the message is put again, it keeps its received bytes and thus every AMQP type; only fields that were
 * set are encoded anew. Header fields that were not sent have the standard's defaults.
 *
 * To pass a message on, put `message.with({ address })`. `{ ...message }` copies no fields, so `put` refuses it.
 *
 * @typeParam Content The expected type of the body. It is not checked: a sender may send anything.
 */
export class ReceivedMessage<Content = Body> implements Message<Content> {
  static {
    // The fields, or why they cannot be read.
    inspectAs(this, (shown, options) => {
      try {
        return `ReceivedMessage ${inspect(shown.toObject(), options)}`;
      } catch (thrown) {
        if (thrown instanceof DecodeError) return `ReceivedMessage <${thrown.message}>`;
        throw thrown;
      }
    });
  }

  readonly #buffer: Buffer;
  readonly #start: number;
  readonly #end: number;
  /** The parts that have been read or set, by index. */
  #values: unknown[] | undefined = undefined;
  /** A bit for each index whose part has been set. */
  #changed = 0;

  /**
   * @param buffer Holds the bytes of the message, from `start` to `end`. They are not copied and must not change.
   * @param options Options for reading values.
   * @throws `DecodeError` when the sections are not those of a message in the order of AMQP 1.0 §3.2. Their content is
   * checked only when it is read.
   */
  constructor(buffer: Buffer, start: number, end: number, options?: ReadOptions) {
    checkSections(buffer, start, end);
    this.#buffer = buffer;
    this.#start = start;
    this.#end = end;
    (this as MarkedReceived)[RECEIVED] = options?.integers === 'bigint';
  }

  get address(): string | undefined {
    return this.#get(fields.ADDRESS);
  }
  set address(value: string | undefined) {
    this.#set(fields.ADDRESS.index, value);
  }

  get subject(): string | undefined {
    return this.#get(fields.SUBJECT);
  }
  set subject(value: string | undefined) {
    this.#set(fields.SUBJECT.index, value);
  }

  get replyTo(): string | undefined {
    return this.#get(fields.REPLY_TO);
  }
  set replyTo(value: string | undefined) {
    this.#set(fields.REPLY_TO.index, value);
  }

  get id(): MessageId | undefined {
    return this.#get(fields.ID);
  }
  set id(value: MessageId | undefined) {
    this.#set(fields.ID.index, value);
  }

  get correlationId(): MessageId | undefined {
    return this.#get(fields.CORRELATION_ID);
  }
  set correlationId(value: MessageId | undefined) {
    this.#set(fields.CORRELATION_ID.index, value);
  }

  get userId(): Uint8Array | undefined {
    return this.#get(fields.USER_ID);
  }
  set userId(value: Uint8Array | undefined) {
    this.#set(fields.USER_ID.index, value);
  }

  get contentType(): string | undefined {
    return this.#get(fields.CONTENT_TYPE);
  }
  set contentType(value: string | undefined) {
    this.#set(fields.CONTENT_TYPE.index, value);
  }

  get contentEncoding(): string | undefined {
    return this.#get(fields.CONTENT_ENCODING);
  }
  set contentEncoding(value: string | undefined) {
    this.#set(fields.CONTENT_ENCODING.index, value);
  }

  get expiryTime(): Date | number | undefined {
    return this.#get(fields.EXPIRY_TIME);
  }
  set expiryTime(value: Date | number | undefined) {
    this.#set(fields.EXPIRY_TIME.index, value);
  }

  get creationTime(): Date | number | undefined {
    return this.#get(fields.CREATION_TIME);
  }
  set creationTime(value: Date | number | undefined) {
    this.#set(fields.CREATION_TIME.index, value);
  }

  get groupId(): string | undefined {
    return this.#get(fields.GROUP_ID);
  }
  set groupId(value: string | undefined) {
    this.#set(fields.GROUP_ID.index, value);
  }

  get groupSequence(): number | undefined {
    return this.#get(fields.GROUP_SEQUENCE);
  }
  set groupSequence(value: number | undefined) {
    this.#set(fields.GROUP_SEQUENCE.index, value);
  }

  get replyToGroupId(): string | undefined {
    return this.#get(fields.REPLY_TO_GROUP_ID);
  }
  set replyToGroupId(value: string | undefined) {
    this.#set(fields.REPLY_TO_GROUP_ID.index, value);
  }

  get durable(): boolean {
    return this.#get(fields.DURABLE) ?? false;
  }
  set durable(value: boolean | undefined) {
    this.#set(fields.DURABLE.index, value);
  }

  get priority(): number {
    return this.#get(fields.PRIORITY) ?? 4;
  }
  set priority(value: number | undefined) {
    this.#set(fields.PRIORITY.index, value);
  }

  get ttl(): number | undefined {
    return this.#get(fields.TTL);
  }
  set ttl(value: number | undefined) {
    this.#set(fields.TTL.index, value);
  }

  get firstAcquirer(): boolean {
    return this.#get(fields.FIRST_ACQUIRER) ?? false;
  }
  set firstAcquirer(value: boolean | undefined) {
    this.#set(fields.FIRST_ACQUIRER.index, value);
  }

  get deliveryCount(): number {
    return this.#get(fields.DELIVERY_COUNT) ?? 0;
  }
  set deliveryCount(value: number | undefined) {
    this.#set(fields.DELIVERY_COUNT.index, value);
  }

  get deliveryAnnotations(): Properties | undefined {
    return this.#getMap(fields.DELIVERY);
  }
  set deliveryAnnotations(value: Properties | undefined) {
    this.#set(fields.DELIVERY.index, value);
  }

  get annotations(): Properties | undefined {
    return this.#getMap(fields.ANNOTATIONS);
  }
  set annotations(value: Properties | undefined) {
    this.#set(fields.ANNOTATIONS.index, value);
  }

  get properties(): Properties | undefined {
    return this.#getMap(fields.APPLICATION);
  }
  set properties(value: Properties | undefined) {
    this.#set(fields.APPLICATION.index, value);
  }

  get footer(): Properties | undefined {
    return this.#getMap(fields.FOOT);
  }
  set footer(value: Properties | undefined) {
    this.#set(fields.FOOT.index, value);
  }

  /** The kind of section that carries the body. A message without a body counts as the value `null`. */
  get bodyType(): BodyType {
    if (!this.#isSet(fields.BODY_INDEX)) return readBodyType(this.#buffer, this.#start, this.#end) ?? 'value';
    const { body } = this;
    if (body instanceof Uint8Array || body instanceof DataBody) return 'data';
    return body instanceof SequenceBody ? 'sequence' : 'value';
  }

  /** The content: bytes of one data section, `DataBody` of several, `SequenceBody`, or the AMQP value. */
  get body(): Content {
    const index = fields.BODY_INDEX;
    const known = this.#values?.[index];
    if (known !== undefined || this.#isSet(index)) return known as Content; // what this accessor has put there
    // The program has named the type of the body; it is not checked.
    return this.#remember(index, readBody(this.#buffer, this.#start, this.#end, this.#bigints)) as Content;
  }
  set body(body: Content) {
    this.#set(fields.BODY_INDEX, body);
  }

  /**
   * The same message with other fields: `messenger.put(message.with({ address }))` passes it on. Everything that is not
   * changed keeps its received bytes and thus its AMQP type, also the entries of maps whose value stays the same, as in
   * `message.with({ annotations: { ...message.annotations, 'x-opt-hops': 1 } })`. This message itself stays unchanged.
   *
   * @param changes The fields to set. `undefined` removes a field; fields that are not named stay.
   * @throws `EncodeError` for an unknown field. `put` checks the values.
   */
  with(changes: Message): ReceivedMessage {
    try {
      checkFieldNames(changes);
    } catch (thrown) {
      throw encodeError(thrown, '');
    }
    const integers = this.#bigints ? 'bigint' : 'number';
    const message = new ReceivedMessage(this.#buffer, this.#start, this.#end, { integers });
    message.#values = this.#values?.slice();
    message.#changed = this.#changed;
    return Object.assign(message, changes);
  }

  /**
   * The fields of the message, without defaults, as an ordinary object that can be changed and compared, with ordinary
   * objects for maps. It loses AMQP types: a property that came as `int` is sent as `long` when the object is put.
   * `with` keeps them.
   */
  toObject(): Message {
    const object: Record<string, unknown> = {};
    for (const field of [...fields.HEADER_FIELDS, ...fields.PROPERTIES_FIELDS]) put(object, field, this.#get(field));
    for (const part of fields.MAP_PARTS) put(object, part, plain(this.#getMap(part)));
    const body = plain(this.body);
    // Without a wrapper, bytes that came as a value would be sent as a data section.
    object['body'] = body instanceof Uint8Array && this.bodyType === 'value' ? new ValueBody(body) : body;
    return object;
  }

  /** The result of `toObject`, with digits for each bigint and a list of pairs for each `Map`. */
  toJSON(): unknown {
    return jsonValue(this.toObject());
  }

  /**
   * Writes the message with its changes, and `address` as `to`. When nothing has changed, these are the received bytes.
   * A message that came without a body gets the value `null`.
   *
   * @internal
   * @throws `DecodeError` when a section to be changed cannot be read; `EncodeError` when AMQP cannot encode a new
   * value.
   */
  writeTo(output: Output, address: string | undefined): void {
    const buffer = this.#buffer;
    const start = this.#start;
    const end = this.#end;
    const changed = this.#changed & ~(1 << fields.ADDRESS.index);
    const values = this.#values ?? [];
    const same = changed === 0 && readField(fields.ADDRESS, buffer, start, end, false) === address;
    if (same && readBodyType(buffer, start, end) !== undefined) output.bytes(buffer, start, end);
    else copyMessage(output, { buffer, start, end, values, changed, bigints: this.#bigints, address });
  }

  /** True if every `long` and `ulong` reads as a bigint. */
  get #bigints(): boolean {
    return (this as MarkedReceived)[RECEIVED] === true;
  }

  #get<Value>(field: Field<Value>): Value | undefined {
    const known = this.#values?.[field.index];
    if (known !== undefined || this.#isSet(field.index)) return known as Value; // what this or the setter has put there
    return this.#remember(field.index, readField(field, this.#buffer, this.#start, this.#end, this.#bigints));
  }

  #getMap(part: MapPart): Properties | undefined {
    const known = this.#values?.[part.index];
    if (known !== undefined || this.#isSet(part.index)) return known as Properties; // as above
    return this.#remember(part.index, readMap(part, this.#buffer, this.#start, this.#end, this.#bigints));
  }

  #isSet(index: number): boolean {
    return (this.#changed & (1 << index)) !== 0;
  }

  #remember<Value>(index: number, value: Value): Value {
    if (value !== undefined) (this.#values ??= [])[index] = value;
    return value;
  }

  #set(index: number, value: unknown): void {
    (this.#values ??= [])[index] = value;
    this.#changed |= 1 << index;
  }
}

function put(object: Record<string, unknown>, part: Part, value: unknown): void {
  if (value !== undefined) object[part.name] = value;
}
