import type { Messenger } from '../../src/index.js';
import { memoryInUse } from '../support/memory.js';

/** What must not grow. */
interface Figure {
  readonly memory: number;
  /** Sockets and what else is open. */
  readonly handles: number;
  readonly timers: number;
  readonly listeners: number;
}

/** How far memory may be from what it was in the beginning: 5 % of it, and what a garbage collector leaves lying. */
const TOLERANCE = 0.05;
const LEFTOVERS = 1 << 20;

/** Takes figures of two messengers from time to time, while nothing is under way, and says what has grown. */
export class Figures {
  readonly #messengers: readonly Messenger[];
  readonly #taken: Figure[] = [];

  constructor(...messengers: Messenger[]) {
    this.#messengers = messengers;
  }

  /** Waits until all that was sent has been received, and takes figures. Prints them. */
  async take(sent: number, received: number): Promise<void> {
    const [sender] = this.#messengers;
    while ((sender?.outgoing ?? 0) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const resources = process.getActiveResourcesInfo();
    const timers = resources.filter((type) => type === 'Timeout').length;
    const handles = resources.filter((type) => type.endsWith('Wrap')).length;
    const figure = { memory: memoryInUse(), handles, timers, listeners: this.#listeners };
    this.#taken.push(figure);
    const megabytes = (figure.memory / (1 << 20)).toFixed(2);
    const { listeners } = figure;
    console.log(
      `${sent} sent, ${received} received: ${megabytes} MiB, ${handles} handles, ${timers} timers, ${listeners} listeners`,
    );
  }

  /** What has grown since the first minute; the very first figure counts for nothing, as code was still being compiled. */
  faults(): string[] {
    const [, first, ...rest] = this.#taken;
    const last = rest.at(-1);
    if (first === undefined || last === undefined) return ['Too little time to tell: there are not three figures.'];
    const faults: string[] = [];
    const most = first.memory * (1 + TOLERANCE) + LEFTOVERS;
    if (last.memory > most) faults.push(`Memory has grown from ${first.memory} to ${last.memory} bytes.`);
    if (last.handles > first.handles) faults.push(`Handles have grown from ${first.handles} to ${last.handles}.`);
    // A few come and go with what is under way; one for each reconnect would be many.
    if (last.timers > first.timers + 2) faults.push(`Timers have grown from ${first.timers} to ${last.timers}.`);
    if (last.listeners !== first.listeners) faults.push(`Listeners were ${first.listeners} and are ${last.listeners}.`);
    return faults;
  }

  get #listeners(): number {
    const ofProcess = process.eventNames().reduce((count, event) => count + process.listenerCount(event), 0);
    return this.#messengers.reduce((sum, messenger) => {
      return messenger.eventNames().reduce((count, event) => count + messenger.listenerCount(event), sum);
    }, ofProcess);
  }
}
