import type { Message } from '../../../src/message/message.js';
import type { AmqpValue } from '../../../src/message/typed.js';
import { Dice } from './support.js';

/**
 * What messages are generated from: plain values that JavaScript has, so that a message comes in as it went out. Integers
 * are safe, dates valid, and keys such that an object without prototype holds them in the order they have.
 */
export class MessageDice extends Dice {
  integer(): number {
    const magnitude = 2 ** this.below(53);
    return (this.once(2) ? 1 : -1) * this.below(magnitude) || 0;
  }

  uint(): number {
    return this.below(2 ** this.below(33));
  }

  date(): Date {
    return new Date(this.integer() % 8.64e15);
  }

  simple(): AmqpValue {
    switch (this.below(7)) {
      case 0:
        return this.integer();
      case 1:
        return this.below(1000) + 0.5;
      case 2:
        return this.once(2);
      case 3:
        return null;
      case 4:
        return this.date();
      case 5:
        return this.bytes(20);
      default:
        return this.text(40);
    }
  }

  value(depth: number): AmqpValue {
    if (depth === 0 || !this.once(3)) return this.simple();
    if (this.once(2)) return Array.from({ length: this.below(5) }, () => this.value(depth - 1));
    return this.map(() => this.value(depth - 1));
  }

  map(value: () => AmqpValue): Record<string, AmqpValue> {
    const entries = Array.from({ length: this.below(5) }, () => [`k${this.text(12)}`, value()] as const);
    return Object.fromEntries(entries);
  }

  symbols(): Record<string, AmqpValue> {
    const entries = Array.from(
      { length: 1 + this.below(3) },
      () => [`x-opt-${this.below(1000)}`, this.simple()] as const,
    );
    return Object.fromEntries(entries);
  }

  /** A message of random fields; those it has not are left out. */
  message(): Message {
    const message: Message = {};
    const sometimes = (set: () => unknown): void => {
      if (this.once(3)) set();
    };
    sometimes(() => (message.durable = this.once(2)));
    sometimes(() => (message.priority = this.below(10)));
    sometimes(() => (message.ttl = this.uint()));
    sometimes(() => (message.firstAcquirer = this.once(2)));
    sometimes(() => (message.deliveryCount = this.uint()));
    sometimes(() => (message.id = this.once(3) ? this.below(2 ** 53) : this.text(40)));
    sometimes(() => (message.userId = this.bytes(10)));
    sometimes(() => (message.address = this.text(60)));
    sometimes(() => (message.subject = this.text(300)));
    sometimes(() => (message.replyTo = this.text(30)));
    sometimes(() => (message.correlationId = this.once(3) ? this.below(2 ** 53) : this.text(40)));
    sometimes(() => (message.contentType = 'application/json'));
    sometimes(() => (message.contentEncoding = 'gzip'));
    sometimes(() => (message.expiryTime = this.date()));
    sometimes(() => (message.creationTime = this.date()));
    sometimes(() => (message.groupId = this.text(10)));
    sometimes(() => (message.groupSequence = this.uint()));
    sometimes(() => (message.replyToGroupId = this.text(10)));
    sometimes(() => (message.deliveryAnnotations = this.symbols()));
    sometimes(() => (message.annotations = this.symbols()));
    sometimes(() => (message.properties = { k: 1, ...this.map(() => this.simple()) }));
    sometimes(() => (message.footer = this.symbols()));
    message.body = this.once(4) ? this.bytes(300) : this.value(3);
    return message;
  }
}
