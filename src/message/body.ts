import type { AmqpValue } from './typed.js';

/** How a body stands on the wire (AMQP 1.0 §3.2): one value, bytes, or lists of values. */
export type BodyType = 'value' | 'data' | 'sequence';

/**
 * What a body can be. Bytes go out as one data section, anything else as an AMQP value; `data`, `sequence` and `value`
 * say otherwise.
 */
export type Body = AmqpValue | DataBody | SequenceBody | ValueBody;

/**
 * The same type as what is given, when it can be sent as a body: with it, interfaces and types of a program's own are bodies,
 * too. What cannot be sent is `never` in it, such as a method, so that the compiler names the field.
 */
export type Sendable<Content> = Content extends Body
  ? Content
  : Content extends ((...given: never[]) => unknown) | symbol
    ? never
    : Content extends ReadonlyMap<infer Key, infer Value>
      ? ReadonlyMap<Sendable<Key>, Sendable<Value>>
      : { readonly [Key in keyof Content]: Sendable<Content[Key]> };

/** A body of one or more data sections (AMQP 1.0 §3.2.6). Several come in as this; one comes in as its bytes. */
export class DataBody {
  constructor(
    /** The bytes of each section. */
    readonly sections: readonly Uint8Array[],
  ) {}
}

/** A body of one or more sequence sections (AMQP 1.0 §3.2.7). */
export class SequenceBody {
  constructor(
    /** The values of each section. */
    readonly sections: readonly (readonly AmqpValue[])[],
  ) {}
}

/** A body of one AMQP value (AMQP 1.0 §3.2.8): needed only to send bytes as a value. */
export class ValueBody {
  constructor(
    /** The value. */
    readonly value: AmqpValue,
  ) {}
}

/** A body of data sections: `data(first, second)`. */
export function data(...sections: Uint8Array[]): DataBody {
  return new DataBody(sections);
}

/** A body of sequence sections: `sequence([1, 2], [3])`. */
export function sequence(...sections: (readonly AmqpValue[])[]): SequenceBody {
  return new SequenceBody(sections);
}

/** A body of one AMQP value: `value(bytes)` sends bytes as an AMQP `binary` instead of a data section. */
export function value(content: AmqpValue): ValueBody {
  return new ValueBody(content);
}
