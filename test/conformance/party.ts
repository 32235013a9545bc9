import type { Message, SubscribeOptions, WaitOptions } from 'amqp-messenger';

/** What ours gives at once, and a messenger in a process of its own when it has answered. */
export type Awaitable<Value> = Value | Promise<Value>;

/** A message that was received. What a tracker is, only its messenger knows. */
export interface PartyDelivery {
  readonly message: Pick<Message, 'address' | 'subject' | 'replyTo' | 'body'>;
  readonly tracker: object;
}

/** What `subscribe` gives. */
export interface PartySubscription {
  readonly port: number | undefined;
  ready(): Promise<unknown>;
}

/**
 * What the checks use of a messenger, by the names of our public API: `Messenger` is one as it is, and `CMessenger` of the
 * interop tests is another. So every check is written once, for each of them on either side.
 */
export interface Party {
  blocking: boolean;
  outgoingWindow: number;
  incomingWindow: number;
  certificate: string | undefined;
  privateKey: string | undefined;
  password: string | undefined;
  trustedCertificates: string | undefined;
  readonly incoming: Awaitable<number>;
  readonly outgoing: Awaitable<number>;
  readonly receiving: Awaitable<number>;
  readonly stopped: Awaitable<boolean>;
  route(pattern: string, address: string): unknown;
  rewrite(pattern: string, address: string | null): unknown;
  subscribe(address: string, options?: SubscribeOptions): PartySubscription;
  put(message: Message): Awaitable<object>;
  send(count?: number, options?: WaitOptions): Promise<boolean>;
  recv(count?: number, options?: WaitOptions): Promise<boolean>;
  work(timeout?: number): Promise<boolean>;
  get(): Awaitable<PartyDelivery | undefined>;
  status(tracker: object): Awaitable<string | undefined>;
  buffered(tracker: object): Awaitable<boolean>;
  accept(tracker?: object): Awaitable<void>;
  reject(tracker?: object): Awaitable<void>;
  settle(tracker?: object): Awaitable<void>;
  interrupt(): void;
  stop(): Promise<void>;
}
