import { InvalidMessageError } from './errors.js';
import type { Immutable } from './field-value.js';
import { Message, NAME_IN_WORDS, isName } from './message.js';
import type { MessageType } from './message.js';
import type { SchemaInput, SchemaOutput, StandardSchema } from './standard-schema.js';

/**
 * A class of messages with known fields. Extend it to give the type a name in the program, and methods.
 *
 * `Given` is what the constructor takes. It differs from `Fields` where a schema makes something of what it is given,
 * such as a default: the fields are so in the messages that handlers get, since the schema is asked at `publish`.
 */
export interface MessageClass<Fields extends object, Given extends object = Fields> {
  /** Makes a message of what it is given. When nothing is required, it may be left out. */
  new (...given: object extends Given ? [given?: Given] : [given: Given]): Message & Immutable<Fields>;
  /** The name of the type in every process. */
  readonly messageName: string;
  /** The schema of its messages. */
  readonly schema: StandardSchema | undefined;
  /** Makes a message of what `toJSON` has given. Throws InvalidMessageError for what is no such JSON. */
  fromJSON<M extends Message>(this: MessageType<M>, json: unknown): M;
}

/**
 * Makes a class of messages.
 *
 * @param name What the type is called everywhere, in the broker and in other processes too: 1 to 200 letters, digits,
 * `.`, `_` and `-`. Keep it when the class is renamed; change it, `order.placed.v2`, when the meaning changes.
 * @param schema A validator of zod, valibot, arktype or any other library with the Standard Schema interface; it may be
 * asynchronous. It is asked at `publish` and when a message is received, and what it gives is what goes on. It must take
 * what it gives, and leave that as it is, or `publish` rejects. The constructor takes what the schema takes.
 * @throws InvalidMessageError for an invalid name.
 */
export function defineMessage<Schema extends StandardSchema<unknown, unknown>>(
  name: string,
  schema: Schema,
): MessageClass<SchemaOutput<Schema> & object, SchemaInput<Schema> & object>;
/**
 * Makes a class of messages whose fields only the compiler checks.
 *
 * @param name As above.
 * @throws InvalidMessageError for an invalid name.
 */
export function defineMessage<Fields extends object = object>(name: string): MessageClass<Fields>;
export function defineMessage(name: string, schema?: StandardSchema): MessageClass<object> {
  if (!isName(name)) {
    throw new InvalidMessageError(`defineMessage() takes a name of ${NAME_IN_WORDS}. Such as order.placed.`);
  }
  return class extends Message {
    static override readonly messageName: string = name;
    static override readonly schema: StandardSchema | undefined = schema;
  };
}
