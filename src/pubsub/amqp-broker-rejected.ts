import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import type { ReceivedMessage } from '../codec/received-message.js';
import { messageIdOf } from './amqp-broker-codec.js';

/** The most rejected messages that are remembered. */
const CAPACITY = 10_000;

/**
 * The messages that a broker has rejected and told to be dead, the latest of them. Broker-J, unless it was set up
 * otherwise, delivers what was rejected again, and without an end.
 */
export class Rejected {
  /** A set knows in which order its elements came. */
  readonly #known = new Set<string>();

  /** Remembers a message that came from somewhere. */
  add(from: string, message: ReceivedMessage): void {
    this.#known.add(keyOf(from, message));
    if (this.#known.size <= CAPACITY) return;
    const [oldest = ''] = this.#known;
    this.#known.delete(oldest);
  }

  /**
   * True when a message comes again from the place where it was rejected. A message that was published anew has not
   * failed before.
   */
  has(from: string, message: ReceivedMessage): boolean {
    return this.#known.size > 0 && message.deliveryCount > 0 && this.#known.has(keyOf(from, message));
  }
}

/** Makes the key of a message: other publishers may give no id, and a rejected message may not be readable. */
function keyOf(from: string, message: ReceivedMessage): string {
  try {
    const id = messageIdOf(message);
    if (id !== undefined) return `${from} id ${id}`;
    const { body } = message;
    const content = body instanceof Uint8Array || typeof body === 'string' ? body : inspect(body);
    return `${from} content ${createHash('sha256').update(content).digest('base64url')}`;
  } catch {
    return `${from} unreadable`;
  }
}
