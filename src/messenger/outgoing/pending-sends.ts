import type { OutgoingDelivery } from '../../queue/outgoing-delivery.js';
import { AbortedMessages } from './aborted-messages.js';

/** A waiting call of `send`. */
export interface PendingSend {
  /** The messages with a sequence up to this one count. */
  readonly last: number;
  /** The call is done when at most this many of them are pending. */
  readonly target: number;
  /** The aborted ones among the messages that count. */
  readonly aborted: AbortedMessages;
  readonly done: () => void;
  /** The pending messages that count for it and for no earlier call. */
  pending: number;
}

/**
 * The waiting calls of `send`, in the order of their last messages, which is the order of the calls. Each message is
 * counted for the first call that it concerns, so an outcome costs the same with any number of calls, even with one for
 * each of ten thousand messages.
 */
export class PendingSends {
  #calls: PendingSend[] = [];
  /** The calls before this index are done. */
  #head = 0;
  /** The number of pending messages that a call waits for. */
  #covered = 0;
  /** The number of calls that do not wait for all of their messages. They are checked at each outcome. */
  #partial = 0;

  /** Adds a call that waits until at most `target` of the `messages` that are pending now are left. */
  add(last: number, messages: number, target: number, done: () => void): PendingSend {
    const call = { last, target, aborted: new AbortedMessages(), done, pending: messages - this.#covered };
    this.#covered = messages;
    if (target > 0) this.#partial++;
    this.#calls.push(call);
    return call;
  }

  /** Removes a call that ends early. Returns false when it is done already. */
  remove(call: PendingSend): boolean {
    const index = this.#calls.indexOf(call, this.#indexOf(call.last));
    if (index < 0) return false;
    const next = this.#calls[index + 1];
    if (next === undefined) this.#covered -= call.pending;
    else next.pending += call.pending;
    this.#take(index);
    return true;
  }

  /** Counts a message that has ended. Returns whether a call waited for it, and reports it if it was aborted. */
  ended(delivery: OutgoingDelivery): boolean {
    const index = this.#indexOf(delivery.sequence);
    const call = this.#calls[index];
    if (call === undefined) return false;
    if (delivery.status === 'aborted') {
      for (const concerned of this.#calls.slice(index)) concerned.aborted.add(delivery);
    }
    call.pending--;
    this.#covered--;
    if (this.#partial > 0) this.#finishPartial();
    else this.#finishFirst();
    return true;
  }

  /** The first call that a message concerns. */
  #indexOf(sequence: number): number {
    let low = this.#head;
    let high = this.#calls.length;
    // Messages nearly always end in their order.
    if (low < high && sequence <= (this.#calls[low]?.last ?? 0)) return low;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#calls[middle]?.last ?? 0) < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #finishFirst(): void {
    for (let call = this.#calls[this.#head]; call?.pending === 0; call = this.#calls[this.#head]) {
      this.#take(this.#head);
      call.done();
    }
  }

  #finishPartial(): void {
    let pending = 0;
    const done: PendingSend[] = [];
    for (const call of this.#calls.slice(this.#head)) {
      pending += call.pending;
      if (pending <= call.target) done.push(call);
    }
    for (const call of done) if (this.remove(call)) call.done();
  }

  #take(index: number): void {
    if ((this.#calls[index]?.target ?? 0) > 0) this.#partial--;
    if (index > this.#head) {
      this.#calls.splice(index, 1);
      return;
    }
    this.#head++;
    // The array is shortened when half of it is done, so that each slot is moved once.
    if (this.#head * 2 < this.#calls.length) return;
    this.#calls = this.#calls.slice(this.#head);
    this.#head = 0;
  }
}
