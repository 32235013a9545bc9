import { Messenger } from '../../src/index.js';
import type { Delivery, Message, Subscription } from '../../src/index.js';
import type { Handled } from './ledger.js';
import type { Fault, MessengerPlan } from './plan.js';
import { Random } from './random.js';
import type { World } from './world.js';

/** Where questions go, at the first broker. */
const QUESTIONS = 'amqp://broker-0/questions';

/** What `receive` and `recv` keep on their way for each link unless they are told otherwise. */
const COMMON_CREDIT = 1024;

/** What the answers to requests of one peer may be. */
const REPLY_CREDIT = 1024;

/** How many messages `recv` is asked for. */
const ASKED = 10;

/** A program with one messenger: it sends, receives, asks and answers as its plan says, and minds what it is told. */
export class Program {
  readonly name: string;
  readonly #world: World;
  readonly #plan: MessengerPlan;
  readonly #random: Random;
  readonly #messenger: Messenger;
  readonly #subscriptions = new Map<string, Subscription>();
  /** Ends what waits, when a program changes its mind. */
  #controller: AbortController;
  #isEnded = false;
  #isSending = false;
  #count = 0;
  #questions = 0;
  #working = 0;
  /** How often routes have changed. */
  #generation = 0;

  constructor(world: World, plan: MessengerPlan) {
    const { name } = plan;
    this.name = name;
    this.#world = world;
    this.#plan = plan;
    this.#random = new Random(plan.seed);
    this.#controller = world.controller();
    this.#messenger = new Messenger({
      name,
      outgoingWindow: plan.outgoingWindow,
      incomingWindow: plan.incomingWindow,
      receiverSettleMode: plan.receiverSettleMode,
      idleTimeout: plan.idleTimeout,
      maxFrameSize: plan.maxFrameSize,
      closeIdleAfter: plan.closeIdleAfter,
      maxRedeliveries: plan.maxRedeliveries,
      ...(plan.senderSettleMode === undefined ? {} : { senderSettleMode: plan.senderSettleMode }),
      maxIncoming: { bytes: plan.maxBytes },
      connectTimeout: 2000,
      reconnect: { initial: true, delay: 20, maxDelay: 1000 },
      environment: world.environment(name),
    });
    this.#messenger.on('error', (error) => {
      world.note(`${name} error ${error.message}`);
      this.disturbed();
    });
    this.#messenger.on('connection', ({ from, to }) => {
      world.note(`${name} ${from} → ${to}`);
      if (from === 'open') this.disturbed();
    });
    this.#route();
  }

  /** Whether it works on nothing, and waits for nothing that it has sent. */
  get isIdle(): boolean {
    return this.#working === 0 && !this.#isSending;
  }

  /** It lost a connection or a link. */
  disturbed(what = this.name): void {
    this.#world.ledger.disturbed(what, this.#world.scheduler.now());
  }

  /** Works until it is ended. */
  async live(): Promise<void> {
    const { receivesFrom, sendsTo, mode, asks, answers } = this.#plan;
    const tasks = receivesFrom.map((address) => this.#keepSubscribed(address));
    if (mode === 'loop' && receivesFrom.length > 0) tasks.push(this.#keepLooping(() => 'everything'));
    if (mode === 'loops')
      tasks.push(...receivesFrom.map((address) => this.#keepLooping(() => this.#subscription(address))));
    if (mode === 'get' && receivesFrom.length > 0) tasks.push(this.#keepGetting());
    if (answers)
      tasks.push(
        this.#keepSubscribed(QUESTIONS, 5),
        this.#keepLooping(() => this.#subscription(QUESTIONS)),
      );
    if (asks) tasks.push(this.#ask());
    if (sendsTo.length > 0) tasks.push(this.#send());
    await Promise.all(tasks);
  }

  /** Ends it: everything is closed, and every loop is over. */
  async end(): Promise<void> {
    this.#isEnded = true;
    this.disturbed(`stop ${this.name}`);
    await this.#world.call(`${this.name}.close()`, () => this.#messenger.close());
  }

  /** Something is done to it, or by it, at random. */
  strike(kind: Fault['kind'], lasts: number): void {
    if (kind === 'interrupt') this.#messenger.interrupt();
    else if (kind === 'route') this.#route();
    else if (kind === 'subscribe-again') this.#unsubscribe();
    else if (kind === 'restart-messenger') void this.#restart(lasts);
    else if (kind === 'abort') {
      this.#controller.abort(new Error('changed its mind'));
      this.#controller = this.#world.controller();
    }
  }

  /** Peers may send no more than was asked for. */
  checkCredit(): void {
    const { receivesFrom, mode, credit, asks, answers } = this.#plan;
    const perLink = credit ?? (mode === 'get' ? 0 : COMMON_CREDIT);
    const common = mode === 'get' && receivesFrom.length > 0 ? ASKED : 0;
    const asked = receivesFrom.length * perLink + common + (asks ? REPLY_CREDIT : 0) + (answers ? 5 : 0);
    const { receiving } = this.#messenger;
    if (receiving > asked) {
      this.#world.ledger.problem('credit', `${this.name} has asked for ${asked} messages, and ${receiving} may come`);
    }
  }

  /** Takes everything that waits in a queue, as a client like any other, and tells what it was. */
  static async drain(world: World, address: string, depth: number): Promise<(string | undefined)[]> {
    const found: (string | undefined)[] = [];
    if (depth === 0) return found;
    const messenger = new Messenger({ name: 'auditor', environment: world.environment('auditor') });
    messenger.subscribe(address);
    while (await world.call('audit', () => messenger.recv(depth - found.length, { timeout: 2000 }))) {
      for (let delivery = messenger.get(); delivery !== undefined; delivery = messenger.get()) {
        found.push(read(delivery.message.body).id);
      }
      if (found.length >= depth) break;
    }
    await world.call('audit', () => messenger.close());
    return found;
  }

  #subscription(address: string): Subscription | undefined {
    const known = this.#subscriptions.get(address);
    return known === undefined || known.state === 'failed' || known.state === 'closed' ? undefined : known;
  }

  async #keepSubscribed(address: string, credit = this.#plan.credit): Promise<void> {
    while (!this.#isEnded) {
      if (this.#subscription(address) === undefined) {
        await this.#world.call(`${this.name}.subscribe(${address}) (open end)`, () => {
          const subscription = this.#messenger.subscribe(address, { credit });
          this.#subscriptions.set(address, subscription);
          return Promise.resolve();
        });
      }
      await this.#world.scheduler.sleep(300);
    }
  }

  async #keepLooping(over: () => Subscription | 'everything' | undefined): Promise<void> {
    const isParallel = this.#random.chance(0.6);
    while (!this.#isEnded) {
      const subscription = over();
      if (subscription !== undefined) {
        await this.#world.call(`${this.name}.receive() (open end)`, () => this.#loop(subscription, isParallel));
      }
      await this.#world.scheduler.sleep(100);
    }
  }

  async #loop(over: Subscription | 'everything', isParallel: boolean): Promise<void> {
    const subscription = over === 'everything' ? undefined : over;
    for await (const delivery of this.#messenger.receive({ subscription, signal: this.#controller.signal })) {
      const work = this.#work(delivery);
      if (!isParallel) await work;
      if (this.#isEnded || this.#random.chance(0.005)) break;
    }
  }

  async #keepGetting(): Promise<void> {
    const { signal } = this.#controller;
    while (!this.#isEnded) {
      await this.#world.call(`${this.name}.recv()`, () => this.#messenger.recv(ASKED, { timeout: 700, signal }));
      for (let got = this.#get(); got !== undefined; got = this.#get()) await this.#work(got);
      await this.#world.scheduler.sleep(10);
    }
  }

  #get(): Delivery | undefined {
    return this.#messenger.get();
  }

  /** Works on a message for a while, and says what has become of it. */
  async #work(delivery: Delivery): Promise<void> {
    const { scheduler, ledger } = this.#world;
    const { incomingWindow, work } = this.#plan;
    if (delivery.message.replyTo !== undefined) {
      this.#answer(delivery);
      return;
    }
    const { id, isWhole } = read(delivery.message.body);
    const handled: Handled = {
      id: id ?? '?',
      by: this.name,
      from: delivery.subscription?.source ?? '?',
      at: scheduler.now(),
      deliveryCount: delivery.message.deliveryCount,
      outcome: incomingWindow === 0 ? 'accepted' : undefined,
    };
    ledger.handle(handled);
    this.#world.note(`${this.name} is given ${handled.id}`);
    if (!isWhole) ledger.problem('damaged', `${handled.id} is not what was sent`);
    if (incomingWindow === 0) return;
    // What has come before a stop can be got after it, too late to say anything of it.
    const isOpen = isPending(delivery);
    this.#working++;
    if (work > 0) await scheduler.sleep(this.#random.next() * work);
    this.#working--;
    const wasLost = [this.name, `stop ${this.name}`].some((who) =>
      ledger.wasDisturbed(who, handled.at, scheduler.now()),
    );
    if (isOpen && !isPending(delivery) && !wasLost) {
      ledger.problem('ended', `${handled.id} was ${delivery.tracker.status} before ${this.name} said anything`);
    }
    this.#finish(delivery, handled);
  }

  #finish(delivery: Delivery, handled: Handled): void {
    const isPoison = handled.id.endsWith('!');
    const isGivenBack = !this.#world.isOver && this.#random.chance(this.#plan.givesBack);
    const kind = isPoison
      ? 'failed'
      : isGivenBack
        ? this.#random.pick(['released', 'failed', 'rejected'] as const)
        : 'accepted';
    handled.outcome = kind;
    this.#world.note(`${this.name}: ${handled.id} is ${kind}`);
    if (kind === 'released') delivery.release();
    else if (kind === 'failed') delivery.modify({ deliveryFailed: true });
    else if (kind === 'rejected') delivery.reject();
    else delivery.accept();
  }

  #answer(delivery: Delivery): void {
    try {
      this.#messenger.reply(delivery, { body: `re: ${textOf(delivery.message.body)}` });
    } catch (error) {
      this.#world.note(`${this.name} cannot answer: ${(error as Error).message}`);
    }
    delivery.accept();
  }

  async #send(): Promise<void> {
    const { scheduler } = this.#world;
    const pause = this.#random.between(20, 1000);
    this.#isSending = true;
    while (!this.#world.isOver && this.#count < this.#plan.messages) {
      await scheduler.sleep(this.#random.next() * pause);
      const size = 1 + this.#random.below(10);
      for (let index = 0; index < size; index++) this.#put();
      if (!this.#random.chance(0.3)) continue;
      const timeout = this.#random.pick([10, 1000, 5000]);
      const { signal } = this.#controller;
      await this.#world.call(`${this.name}.send()`, () => this.#messenger.send(-1, { timeout, signal }));
    }
    this.#isSending = false;
  }

  #put(): void {
    const { ledger, scheduler } = this.#world;
    const { sendsTo, ttl } = this.#plan;
    const place = this.#random.below(sendsTo.length);
    const isPoison = this.#random.chance(0.02) && this.#isFinite(sendsTo[place]!);
    const id = `${this.name}#${this.#count++}${isPoison ? '!' : ''}`;
    const size = this.#random.pick([0, 10, 100, 100, 1000, 5000, this.#random.chance(0.05) ? 100_000 : 1]);
    const message: Message = { address: `g${this.#generation}/${place}`, body: `${id}|${size}|${'x'.repeat(size)}` };
    if (ttl > 0 && this.#random.chance(0.5)) message.ttl = ttl;
    try {
      const tracker = this.#messenger.put(message);
      const sent = {
        id,
        by: this.name,
        to: sendsTo[place]!,
        at: scheduler.now(),
        tracker,
        endedAt: undefined as number | undefined,
      };
      ledger.sent.set(id, sent);
      this.#world.note(`${this.name} puts ${id}`);
      void tracker.outcome().then((status) => {
        sent.endedAt = scheduler.now();
        this.#world.note(`${id} is ${status}`);
      });
    } catch (error) {
      this.#world.note(`${this.name} cannot put: ${(error as Error).message}`);
    }
  }

  /** Whether a message that always fails comes to an end there. */
  #isFinite(address: string): boolean {
    return this.#world.plan.brokers.some(
      ({ name, maxDeliveries }) => address.includes(name) && maxDeliveries !== Infinity,
    );
  }

  async #ask(): Promise<void> {
    while (!this.#world.isOver) {
      const body = `ask ${this.name}#${this.#questions++}`;
      const { signal } = this.#controller;
      const request = (): Promise<Message> =>
        this.#messenger.request({ address: QUESTIONS, body }, { timeout: 2000, signal });
      const answer = await this.#world.call(`${this.name}.request()`, request);
      if (answer !== undefined && answer.body !== `re: ${body}`) {
        this.#world.ledger.problem('answer', `${this.name} asked ${body}, and was told ${textOf(answer.body)}`);
      }
      this.checkCredit();
      await this.#world.scheduler.sleep(this.#random.next() * 300);
    }
  }

  /** Names lead elsewhere than they did: the same queues, by new names. */
  #route(): void {
    this.#generation++;
    this.#plan.sendsTo.forEach((address, place) => this.#messenger.route(`g${this.#generation}/${place}`, address));
  }

  #unsubscribe(): void {
    for (const [address, subscription] of this.#subscriptions) {
      this.disturbed();
      void this.#world.call(`${this.name}.unsubscribe(${address})`, () => subscription.unsubscribe({ timeout: 5000 }));
    }
  }

  async #restart(lasts: number): Promise<void> {
    const isDrained = this.#random.chance(0.5);
    const { ledger, scheduler } = this.#world;
    this.disturbed();
    // What is put or given out while it drains may be aborted at any time until it has stopped.
    const stop = ledger.disturbed(`stop ${this.name}`, scheduler.now(), Infinity);
    await this.#world.call(`${this.name}.stop()`, () => this.#messenger.stop({ drain: isDrained, timeout: lasts }));
    this.disturbed();
    stop.to = scheduler.now();
  }
}

function isPending({ tracker }: Delivery): boolean {
  return tracker.status === 'pending';
}

function textOf(body: unknown): string {
  return typeof body === 'string' ? body : '?';
}

/** What a body says of itself, and whether it is whole. */
function read(body: unknown): { id: string | undefined; isWhole: boolean } {
  const [id, size, text] = typeof body === 'string' ? body.split('|') : [];
  if (id === undefined || /^(re: )?ask /.test(id)) return { id: undefined, isWhole: true };
  return { id, isWhole: text?.length === Number(size) };
}
