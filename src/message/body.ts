import type { AmqpValue } from './typed.js';

/** The kind of section that carries a body (AMQP 1.0 §3.2): one value, data (bytes), or sequences (lists of values). */
export type BodyType = 'value' | 'data' | 'sequence';

/**
 * The content of a message. `put` sends bytes as one data section and anything else as an AMQP value; `data`,
 * `sequence` and `value` choose another section.
 */
export type Body = AmqpValue | DataBody | SequenceBody | ValueBody;

/**
 * `Content` itself if AMQP can encode it, so that a program's own interfaces are accepted as bodies. A field that AMQP
 * cannot encode, such as a method, becomes `never`, so the compiler names that field.
 */
export type Sendable<Content> = Content extends Body
  ? Content
  : Content extends ((...given: never[]) => unknown) | symbol
    ? never
    : Content extends ReadonlyMap<infer Key, infer Value>
      ? ReadonlyMap<Sendable<Key>, Sendable<Value>>
      : { readonly [Key in keyof Content]: Sendable<Content[Key]> };

/**
 * A body of one or more data sections (AMQP 1.0 §3.2.6). A received body of several sections is a `DataBody`; a
 * received body of one section is its bytes.
 */
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

/** A body of one AMQP value (AMQP 1.0 §3.2.8): only needed to send bytes as an AMQP `binary`. */
export class ValueBody {
  constructor(
    /** The value. */
    readonly value: AmqpValue,
  ) {}
}

/** Makes a body of data sections: `data(first, second)`. */
export function data(...sections: Uint8Array[]): DataBody {
  return new DataBody(sections);
}

/** Makes a body of sequence sections: `sequence([1, 2], [3])`. */
export function sequence(...sections: (readonly AmqpValue[])[]): SequenceBody {
  return new SequenceBody(sections);
}

/** Makes a body of one AMQP value: `value(bytes)` sends bytes as an AMQP `binary` instead of a data section. */
export function value(content: AmqpValue): ValueBody {
  return new ValueBody(content);
}
