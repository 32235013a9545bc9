import { InvalidMessageFormatError, OptionError } from '../errors.js';
import { canonicalJson } from './canonical-json.js';
import { Message } from './message.js';
import type { MessageOptions } from './message.js';
import { algorithmOf, isSignatureOf, makeSignature } from './signature.js';
import type { Signature, SignatureAlgorithm, SignatureKey } from './signature.js';

/** The payload of a signed message, as it goes over the wire. */
export interface SignedPayload<Content = unknown> {
  /** The id of the sender. */
  readonly sender_id: string;
  /** The content of the message. */
  readonly payload: Content;
  /** The proof, when there is one. */
  readonly signature?: Signature | undefined;
}

/**
 * A message that names its sender: its payload is the sender's id and the content. By itself that proves nothing;
 * `sign` adds a signature over sender, type and content, and `verify` checks it. It does not cover the id, which a
 * channel may give, nor a time: against messages said twice, put a number or a time into the content.
 */
export class SignedMessage<Content = unknown> extends Message<SignedPayload<Content>> {
  /**
   * @throws InvalidMessageFormatError when the type or the sender's id is not text, or the sender's id is empty.
   */
  constructor(
    senderId: string,
    type: string,
    // Without content, the caller says what type `null` has.
    content: Content = null as Content,
    options: MessageOptions & { signature?: Signature | undefined } = {},
  ) {
    if (typeof senderId !== 'string' || senderId === '') {
      throw new InvalidMessageFormatError('The sender id of a message must be a string that is not empty.');
    }
    const { signature } = options;
    const payload = { sender_id: senderId, payload: content, ...(signature === undefined ? {} : { signature }) };
    super(type, Object.freeze(payload), options);
    if (new.target === SignedMessage) Object.freeze(this);
  }

  /** The id of the sender. */
  get senderId(): string {
    return this.payload.sender_id;
  }

  /** The content of the message: the payload without the id of the sender. */
  get content(): Content {
    return this.payload.payload;
  }

  /** The proof, when there is one. */
  get signature(): Signature | undefined {
    return this.payload.signature;
  }

  /**
   * Reads a message that has come over a wire.
   *
   * @throws InvalidMessageFormatError when its payload does not name a sender, or its signature is not in the right form.
   */
  static from({ type, payload, id }: Message): SignedMessage {
    if (typeof payload !== 'object' || payload === null || !('sender_id' in payload)) {
      throw new InvalidMessageFormatError('The payload of the message has no sender_id.');
    }
    const { sender_id: senderId } = payload;
    if (typeof senderId !== 'string') throw new InvalidMessageFormatError('The sender_id of a message must be text.');
    const content: unknown = 'payload' in payload ? payload.payload : null;
    const signature = 'signature' in payload ? readSignature(payload.signature) : undefined;
    return new SignedMessage(senderId, type, content, { id, signature });
  }

  /**
   * This message with a signature.
   *
   * @throws OptionError when the key cannot sign or speaks for another sender; InvalidMessageFormatError when the
   * content is no JSON value.
   */
  sign(key: SignatureKey): SignedMessage<Content> {
    if (!speaksFor(key, this.senderId)) {
      throw new OptionError(`Key ${key.id} does not speak for ${this.senderId}.`);
    }
    const signature = makeSignature(key, this.#signedBytes(key.id, algorithmOf(key)));
    return new SignedMessage(this.senderId, this.type, this.content, { id: this.id, signature });
  }

  /**
   * Checks the signature by the key whose id it names, if that key may sign for the sender. False when the message has
   * no signature or there is no such key.
   *
   * @throws OptionError for a key that is neither for HMAC-SHA-256 nor for Ed25519.
   */
  verify(keys: Iterable<SignatureKey>): boolean {
    const { signature } = this;
    if (signature === undefined) return false;
    const bytes = this.#signedBytes(signature.key_id, signature.algorithm);
    for (const key of keys) {
      const isCandidate = key.id === signature.key_id && speaksFor(key, this.senderId);
      if (isCandidate && isSignatureOf(key, signature, bytes)) return true;
    }
    return false;
  }

  #signedBytes(keyId: string, algorithm: SignatureAlgorithm): Buffer {
    return Buffer.from(canonicalJson([CONTEXT, algorithm, keyId, this.senderId, this.type, this.content]));
  }
}

/** Signed along, so that a signature made for something else is never one of a message. */
const CONTEXT = 'amqp-messenger signed message 1';

function speaksFor(key: SignatureKey, senderId: string): boolean {
  return key.senderId === undefined || key.senderId === senderId;
}

function readSignature(signature: unknown): Signature {
  // Whatever it is, a copy of it is an object, whose members may be missing or anything.
  const { key_id, algorithm, value } = { ...(signature as Partial<Record<keyof Signature, unknown>> | null) };
  const isKnown = algorithm === 'hmac-sha256' || algorithm === 'ed25519';
  if (isKnown && typeof key_id === 'string' && typeof value === 'string') return { key_id, algorithm, value };
  throw new InvalidMessageFormatError('The signature of a message must have key_id, algorithm and value.');
}
