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
 * A message as it was received. It keeps its bytes and reads a field when it is asked for the first time; a field or
 * section whose bytes are not AMQP is then a `DecodeError`.
 *
 * Every field can be set, to `undefined` as well, which takes it out. What an accessor has returned is not watched: to
 * change a map or a body, set it. Put again, the message goes out with the bytes it came with, so that every AMQP type
 * is kept; only what has been set is encoded anew. Header fields that were not sent have the standard's defaults.
 *
 * To pass a message on, put `message.with({ address })`. `{ ...message }` has none of its fields, so `put` refuses what is
 * made of it.
 *
 * @typeParam Content What the body is taken for. Nobody checks it: a sender may send anything.
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
  /** What has been read or set, by the index of the part. */
  #values: unknown[] | undefined = undefined;
  /** Which parts have been set: a bit for each index. */
  #changed = 0;

  /**
   * @param buffer Where the bytes of the message are, from `start` to `end`. They are not copied and must not change.
   * @param options How values are read.
   * @throws `DecodeError` when the sections are not those of a message in the order of AMQP 1.0 §3.2. What stands in
   * them is looked at only when it is read.
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

  /** How the body stands on the wire. A message that came without one has the value `null`. */
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
    // That it is what the program says, nobody has checked.
    return this.#remember(index, readBody(this.#buffer, this.#start, this.#end, this.#bigints)) as Content;
  }
  set body(body: Content) {
    this.#set(fields.BODY_INDEX, body);
  }

  /**
   * The same message with other fields: `messenger.put(message.with({ address }))` passes it on. It goes out with the bytes
   * it came with, but for what is changed, so that every AMQP type is kept: in maps, too, entries whose value stays what it
   * was, as in `message.with({ annotations: { ...message.annotations, 'x-opt-hops': 1 } })`. This message stays as it is.
   *
   * @param changes The fields that are set. One that is `undefined` is taken out; those that are not named stay.
   * @throws `EncodeError` when there is no field of such a name. What the fields hold is checked by `put`.
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
   * The fields the message has, without defaults, as an ordinary object that can be changed and compared; so are the maps
   * in it. It knows no AMQP types: an `int` of a property goes out as `long`, if the object is put. `with` keeps them.
   */
  toObject(): Message {
    const object: Record<string, unknown> = {};
    for (const field of [...fields.HEADER_FIELDS, ...fields.PROPERTIES_FIELDS]) put(object, field, this.#get(field));
    for (const part of fields.MAP_PARTS) put(object, part, plain(this.#getMap(part)));
    const body = plain(this.body);
    // Bytes that came as a value would go out as a data section.
    object['body'] = body instanceof Uint8Array && this.bodyType === 'value' ? new ValueBody(body) : body;
    return object;
  }

  /** What `toObject` returns, with each bigint as its digits and each `Map` as a list of pairs. */
  toJSON(): unknown {
    return jsonValue(this.toObject());
  }

  /**
   * Writes the message: the very bytes that were received when nothing has been set and `address` is the `to` it came
   * with; otherwise with the changes, and `address` as `to`. A message that came without a body gets the value `null`.
   *
   * @internal
   * @throws `DecodeError` when a section to be changed cannot be read; `EncodeError` when a new value has no AMQP form.
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

  /** Whether every `long` and `ulong` reads as a bigint. */
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
