/** A mistake that is made on purpose: the simulation has to find it. */
export interface Mutant {
  readonly name: string;
  /** A text that stands in one place of `src` only. */
  readonly find: string;
  /** What to write there instead. */
  readonly replace: string;
}

/** The mistakes. Texts are kept short, so that they outlive changes around them; `run.ts` tells which one is not there. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'a message that comes back to its queue is lost',
    find: 'this.#line.putBack(again);',
    replace: 'void again;',
  },
  {
    name: 'what a lost consumer had stays with nobody',
    find: 'of consumer.link.takeAll()',
    replace: 'of [] as ReturnType<typeof consumer.link.takeAll>',
  },
  {
    name: 'messages that come back go out in the wrong order',
    find: '(({ place }) => place)',
    replace: '(({ place }) => -place)',
  },
  {
    name: 'an outcome is applied to the neighbour, too',
    find: '#writeRun(role, first, last);\n        first = next;',
    replace: '#writeRun(role, first, { ...last, id: (last.id + 1) >>> 0 });\n        first = next;',
  },
  {
    name: 'outcomes that differ are told in one range',
    find: 'result !== first.result || ',
    replace: '',
  },
  {
    name: 'deliveries that follow each other are compared as if ids went down',
    find: '- this.#lastDeliveryId) | 0) <= 0',
    replace: '- this.#lastDeliveryId) | 0) >= 0',
  },
  {
    name: 'credit is counted twice: what is on its way has not used it',
    find: '(rhea.delivery_count - (flow.delivery_count ?? 0)) | 0',
    replace: '0 * (rhea.delivery_count - (flow.delivery_count ?? 0))',
  },
  {
    name: 'what a lost connection has left without an outcome is forgotten',
    find: 'index = again.length - 1; index >= 0',
    replace: 'index = again.length - 1; index > again.length',
  },
  {
    name: 'a listener of an abort signal is left',
    find: 'this.#callOff?.();\n    this.#cancel?.();',
    replace: 'this.#cancel?.();',
  },
  {
    name: 'heartbeats go on for ever',
    find: 'this.#heartbeats.stop();',
    replace: '',
  },
  {
    name: 'no heartbeats are sent',
    find: 'this.#heartbeats.start(idleTimeout);',
    replace: '',
  },
  {
    name: 'a released message counts as failed',
    find: 'deliveryCount + (failed ? 1 : 0)',
    replace: 'deliveryCount + 1',
  },
  {
    name: 'a message may fail once too often',
    find: 'again.deliveryCount >= this.settings.maxDeliveries',
    replace: 'again.deliveryCount > this.settings.maxDeliveries',
  },
  {
    name: 'dead letters are thrown away',
    find: 'deadLetterAddress === this.address ? null : deadLetterAddress',
    replace: 'deadLetterAddress === this.address ? null : null',
  },
  {
    name: 'memory is used again while a socket still reads it',
    find: 'memory.hold();\n      this.#held.push(memory);',
    replace: '',
  },
  {
    name: 'expired messages vanish',
    find: "takeExpired(this.#context.clock.now())) this.#die(message, 'expired');",
    replace: 'takeExpired(this.#context.clock.now())) void message;',
  },
  {
    name: 'a call that waits for the end of a connection is forgotten',
    find: 'this.#whenClosed.splice(0)) resolve();',
    replace: 'this.#whenClosed.splice(0)) void resolve;',
  },
  {
    name: 'links are not attached again after a lost connection',
    find: 'else table?.attach(link);\n    }\n  }',
    replace: '\n    }\n  }',
  },
  {
    name: 'an answer goes to whoever waits longest',
    find: 'this.#pending.get(keyOf(correlationId))?.settle',
    replace: '[...this.#pending.values()][0]?.settle',
  },
  {
    name: 'only the first frame of a large message is sent',
    find: 'const more = to < delivery.size;',
    replace: 'const more = to < delivery.size && to < 0;',
  },
  {
    name: 'a frame whose size is cut in two is read wrongly',
    find: 'this.#sizeKnown = chunk.length - position >= 4;',
    replace: 'this.#sizeKnown = chunk.length - position > 4;',
  },
  {
    name: 'nobody listens to errors of a socket',
    find: "socket.on('error', (error) => (this.#failure ??= error));",
    replace: '',
  },
  {
    name: 'a message is accepted that there is no room for',
    find: 'if (refusal === undefined) delivery.finish(ACCEPTED);',
    replace: 'if (refusal === undefined || Date.length > 0) delivery.finish(ACCEPTED);',
  },
];
