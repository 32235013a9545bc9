import { Broker } from './broker.js';
import type { Attachment } from './subscription.js';

const NOTHING: Attachment = { detach: () => undefined };

/**
 * A broker that delivers nothing: for programs, and tests, in which nobody is to hear. Messages and arguments are
 * checked as everywhere.
 */
export class NullBroker extends Broker {
  protected override deliver(): void {
    return undefined;
  }

  protected override attach(): Attachment {
    return NOTHING;
  }

  protected override attachQueue(): Attachment {
    return NOTHING;
  }

  protected override removeQueue(): void {
    return undefined;
  }

  protected override drained(): Promise<void> {
    return Promise.resolve();
  }

  protected override end(): void {
    return undefined;
  }
}
