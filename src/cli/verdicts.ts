import type { Delivery } from '../messenger/incoming/delivery.js';
import { CommandError, EXIT } from './exit.js';
import { carryOut } from './verdict.js';
import type { Verdict } from './verdict.js';

/** The most messages that are held until the end. */
const MAX_HELD = 10_000;

/**
 * Carries out verdicts, so that a command gets each message once. Messages that go back to their source are held until
 * the command ends: released at once, they would come again and again.
 */
export class Verdicts implements Disposable {
  readonly #held: [Verdict, Delivery][] = [];

  /** Carries a verdict out, now or at the end. */
  carryOut(verdict: Verdict, delivery: Delivery): void {
    const goesBack = verdict === 'release' || verdict === 'modify';
    if (goesBack) this.#held.push([verdict, delivery]);
    else carryOut(verdict, delivery);
    if (this.#held.length < MAX_HELD) return;
    throw new CommandError(
      `${MAX_HELD} messages are to go back to where they came from, and no more are held. Take fewer at a time: --count.`,
      EXIT.failed,
    );
  }

  [Symbol.dispose](): void {
    for (const [verdict, delivery] of this.#held) carryOut(verdict, delivery);
  }
}
