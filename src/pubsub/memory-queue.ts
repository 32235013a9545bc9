import type { Clock, Timer } from '../clock.js';
import { ChannelQueueFullError } from '../errors.js';
import { ClientQueue } from '../queue/client-queue.js';
import type { BrokerReport } from './broker-report.js';
import { nextStep } from './dead-letter.js';
import type { DeadLetterBox, DeathReason } from './dead-letter.js';
import type { Decision } from './context.js';
import type { Envelope } from './envelope.js';
import type { WorkSettings } from './options.js';
import { callAsyncHandler } from './subscriber.js';
import type { QueueSubscriber } from './subscriber.js';
import type { Attachment } from './subscription.js';

/** A message in a queue. `expiry` is read by the `ClientQueue`. */
interface Job {
  readonly envelope: Envelope;
  readonly deliveryCount: number;
  readonly expiry: Date | undefined;
}

/** A queue of messages of one type inside a process, which a subscription works off. */
export class MemoryQueue {
  readonly #queueName: string;
  readonly #capacity: number;
  readonly #clock: Clock;
  readonly #report: BrokerReport;
  readonly #deadLetters: DeadLetterBox;
  readonly #queue: ClientQueue<Job>;
  /** Jobs that wait to be delivered again. */
  readonly #resting = new Map<Job, Timer>();
  readonly #subscribers = new Set<QueueSubscriber>();
  /** Jobs that are not done: queued, resting, or with a handler. */
  #outstanding = 0;
  #whenDrained: (() => void)[] = [];
  /** True once the broker closes: a message that a handler releases is dead then, since nobody else will take it. */
  #isClosing = false;
  #deadLetter: string | undefined;

  constructor(queueName: string, capacity: number, clock: Clock, report: BrokerReport, deadLetters: DeadLetterBox) {
    this.#queueName = queueName;
    this.#capacity = capacity;
    this.#clock = clock;
    this.#report = report;
    this.#deadLetters = deadLetters;
    this.#queue = new ClientQueue({ channelName: queueName, clock });
    this.#queue.on('expired', (jobs) => this.#died(jobs, 'expired'));
    this.#queue.on('dropped', (jobs) => this.#died(jobs, 'closed'));
  }

  /** Adds a message. Throws ChannelQueueFullError when so many are not done yet as the capacity allows. */
  push(envelope: Envelope): void {
    if (this.#outstanding >= this.#capacity) {
      throw new ChannelQueueFullError(
        `Queue ${this.#queueName} has ${this.#outstanding} messages that are not done, as many as its capacity.`,
      );
    }
    this.#outstanding++;
    this.#queue.push({ envelope, deliveryCount: 0, expiry: envelope.expiresAt });
  }

  /** Lets a subscriber work, as many messages at once as it wants. */
  attach(subscriber: QueueSubscriber): Attachment {
    this.#subscribers.add(subscriber);
    this.#deadLetter = subscriber.work.deadLetter;
    const workers = Array.from({ length: subscriber.work.concurrency }, () => this.#work(subscriber));
    const detach = async (): Promise<void> => {
      this.#subscribers.delete(subscriber);
      this.#tellIfDrained();
      await Promise.all(workers);
    };
    return { detach };
  }

  /** Resolves when nothing is left to do, or nobody is left to do it. What is released from now on is dead. */
  drained(): Promise<void> {
    this.#isClosing = true;
    return new Promise((resolve) => {
      this.#whenDrained.push(resolve);
      this.#tellIfDrained();
    });
  }

  /** Drops the messages that are left. */
  stop(): void {
    const resting = [...this.#resting.keys()];
    for (const timer of this.#resting.values()) this.#clock.clearTimeout(timer);
    this.#resting.clear();
    this.#died(resting, 'closed');
    this.#queue.stop({ drain: false });
  }

  async #work(subscriber: QueueSubscriber): Promise<void> {
    const { signal } = subscriber;
    for (let job = await this.#pull(signal); job !== null; job = await this.#pull(signal)) {
      const taken = job;
      await callAsyncHandler(subscriber, job.envelope, job.deliveryCount, {
        failed: (error) => this.#report.failed(error),
        decide: (decision) => this.#follow(taken, decision, subscriber.work),
      });
    }
  }

  /** The next job, or `null` when the subscriber or the queue has ended. */
  async #pull(signal: AbortSignal): Promise<Job | null> {
    let job;
    try {
      job = await this.#queue.pull({ signal });
    } catch {
      return null; // the subscriber has ended: there is no other reason
    }
    if (job === null || !signal.aborted) return job;
    // The subscriber ended just after the queue had served it.
    this.#return(job);
    return null;
  }

  #follow(job: Job, decision: Decision, work: WorkSettings): void {
    const next = nextStep(decision, job.deliveryCount, work);
    if (next.step === 'done') {
      this.#finish(1);
    } else if (next.step === 'back') {
      if (this.#isClosing) this.#died([job], 'closed');
      else this.#rest(job, 0);
    } else if (next.step === 'again') {
      this.#rest({ ...job, deliveryCount: next.deliveryCount }, next.delay);
    } else {
      this.#died([{ ...job, deliveryCount: next.deliveryCount }], next.reason, next.error, work.deadLetter);
    }
  }

  /** Always by a timer, also without a delay: a handler that releases for ever must not stop the rest. */
  #rest(job: Job, delay: number): void {
    if (this.#queue.isStopped) {
      this.#died([job], 'closed');
      return;
    }
    const timer = this.#clock.setTimeout(() => {
      this.#resting.delete(job);
      this.#return(job);
    }, delay);
    // A message that waits is work to be done: the process stays for it.
    timer.ref();
    this.#resting.set(job, timer);
  }

  #return(job: Job): void {
    if (this.#queue.isStopped) this.#died([job], 'closed');
    else this.#queue.push(job);
  }

  #died(jobs: readonly Job[], reason: DeathReason, error?: Error, deadLetter = this.#deadLetter): void {
    for (const { envelope, deliveryCount } of jobs) {
      const { message, name, messageId } = envelope;
      const queueName = this.#queueName;
      const letter = { message, name, messageId, queueName, deadLetter, reason, deliveryCount, error };
      this.#deadLetters.add(letter);
      this.#report.died(letter);
    }
    this.#finish(jobs.length);
  }

  #finish(count: number): void {
    this.#outstanding -= count;
    this.#tellIfDrained();
  }

  #tellIfDrained(): void {
    if (this.#outstanding > 0 && this.#subscribers.size > 0) return;
    for (const resolve of this.#whenDrained.splice(0)) resolve();
  }
}
