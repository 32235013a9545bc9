import { createHash } from 'node:crypto';
import { InvalidMessageError } from './errors.js';
import { copyFields } from './field-value.js';
import { fromJson, objectToJson } from './json.js';
import type { Json } from './json.js';
import type { StandardSchema } from './standard-schema.js';

/** A class of messages: what a subscription names, and what received messages become instances of. */
export interface MessageType<M extends Message = Message> {
  /** Makes a message of its fields. */
  new (fields: never): M;
  /** The name of the type in the broker, in other processes, and in the next version of the program. */
  readonly messageName?: string | undefined;
  /** The schema of its messages. Default: anything a message can hold. */
  readonly schema?: StandardSchema | undefined;
}

/** Names go into the addresses of brokers, where these characters mean nothing special. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

/** The same for people. */
export const NAME_IN_WORDS = '1 to 200 letters, digits, ".", "_" and "-", the first of them a letter or digit';

/**
 * Something that has happened, or is to be done: plain data under a name. `defineMessage` makes a class of messages.
 *
 * A message cannot be changed, however deep. Its fields are copied when it is made; lists and objects are frozen, and a
 * `Date` or bytes are a fresh copy at each read. Two messages are equal when name and fields are.
 */
export interface Message {
  /**
   * Its fields as JSON. What JSON has no form for becomes an object with one key: `{ $date }`, `{ $bigint }`,
   * `{ $bytes }` in base64, `{ $number }` for NaN, the infinities and -0.
   */
  toJSON(): { readonly [key: string]: Json };
  /** True when the other value is a message of the same name with the same fields, in whatever order. */
  equals(other: unknown): boolean;
  /** A text that equal messages share, and others do not: SHA-256 over name and fields. Good as the key of a `Map`. */
  hash(): string;
}

/** The class that every class of messages extends, as a type: its constructor and static fields. */
export interface MessageConstructor {
  /**
   * Makes a message of its fields: booleans, numbers, bigints, strings, dates, bytes, and lists and plain objects of
   * these. Fields that are `undefined` are left out. The schema is not asked yet; that is done at `publish`.
   *
   * Throws InvalidMessageError for anything else, for fields that would hide a method of `Message`, and for nesting
   * beyond 32 levels.
   */
  new (fields?: object): Message;
  /** The prototype of its instances. */
  readonly prototype: Message;
  /** The name of the type. Give every class a name of its own; `defineMessage` does. */
  readonly messageName: string | undefined;
  /** The schema of its messages. */
  readonly schema: StandardSchema | undefined;
  /** Makes a message of what `toJSON` has given, without asking the schema. Throws InvalidMessageError. */
  fromJSON<M extends Message>(this: MessageType<M>, json: unknown): M;
}

class BaseMessage implements Message {
  static readonly messageName: string | undefined = undefined;
  static readonly schema: StandardSchema | undefined = undefined;

  #text: string | undefined;

  constructor(fields: object = {}) {
    for (const key of Object.keys(fields)) {
      if (key in BaseMessage.prototype) {
        throw new InvalidMessageError(`A message cannot have a field ${key}: every message has a member of that name.`);
      }
    }
    copyFields(fields, this, '');
    Object.freeze(this);
  }

  static fromJSON<M extends Message>(this: MessageType<M>, json: unknown): M {
    const fields = fromJson(json);
    if (!isFields(fields)) throw new InvalidMessageError('The JSON of a message is an object.');
    return messageOf(this, fields);
  }

  toJSON(): { readonly [key: string]: Json } {
    return objectToJson(this);
  }

  equals(other: unknown): boolean {
    if (other === this) return true;
    return other instanceof BaseMessage && other.#canonical() === this.#canonical();
  }

  hash(): string {
    return createHash('sha256').update(this.#canonical()).digest('base64url');
  }

  /** Name and JSON text, worked out once. Keys are sorted, so equal messages have equal text. */
  #canonical(): string {
    return (this.#text ??= `${getUniqueNameForMessage(this)} ${JSON.stringify(this.toJSON())}`);
  }
}

/** The class that every class of messages extends. */
export const Message: MessageConstructor = BaseMessage;

/**
 * The name of a type of messages, or of the type of a message. It was given in the source, so neither a minifier nor a
 * move to another file changes it.
 *
 * @throws InvalidMessageError when it has none, or one with other characters than letters, digits, `.`, `_` and `-`.
 */
export function getUniqueNameForMessage(typeOrMessage: MessageType | Message): string {
  // Callers in JavaScript give anything.
  const type: unknown = typeOrMessage instanceof Message ? typeOrMessage.constructor : typeOrMessage;
  if (typeof type === 'function') {
    const known = names.get(type);
    if (known !== undefined) return known;
    const name = 'messageName' in type ? type.messageName : undefined;
    if (isName(name)) {
      names.set(type, name);
      return name;
    }
    if (name !== undefined) throw new InvalidMessageError(`The messageName of ${type.name} must be ${NAME_IN_WORDS}.`);
  }
  throw new InvalidMessageError('A type of messages needs a messageName. Make it with defineMessage(name).');
}

/** The names of types, once they have been checked. */
const names = new WeakMap<object, string>();

/** True when a text can name a type of messages or a queue. */
export function isName(text: unknown): text is string {
  return typeof text === 'string' && NAME.test(text);
}

/** The class of a message. */
export function typeOf<M extends Message>(message: M): MessageType<M> {
  return message.constructor as MessageType<M>; // every class of messages is one
}

/** Makes a message of a type. */
export function messageOf<M extends Message>(type: MessageType<M>, fields: object): M {
  return new type(fields as never); // what the fields must be is for the schema to say
}

/** True when a value can be the fields of a message. */
export function isFields(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
