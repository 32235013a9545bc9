import { OptionError, PubSubError } from '../errors.js';
import type { Broker } from './broker.js';
import { whenBroker } from './current-broker.js';
import { ConsumerAlreadyRegisteredError } from './errors.js';
import type { Message, MessageType } from './message.js';
import { getUniqueNameForMessage } from './message.js';
import { checkSubscribeOptions, resolveAsyncOptions } from './options.js';
import type { AsyncHandler } from './context.js';
import type { AsyncSubscribeOptions, Handler, SubscribeOptions } from './options.js';
import type { Subscription } from './subscription.js';

/** The options of a consumer without a queue. */
export interface DirectConsumerOptions<M extends Message> extends SubscribeOptions<M> {
  /** None: by `subscribe`. */
  queueName?: undefined;
}

/** The options of a consumer with a queue. */
export interface QueueConsumerOptions<M extends Message> extends AsyncSubscribeOptions<M> {
  /** The queue: by `subscribeAsync`. */
  queueName: string;
}

/** The options of a consumer. With a `queueName` it subscribes by `subscribeAsync`, else by `subscribe`. */
export type ConsumerOptions<M extends Message> = DirectConsumerOptions<M> | QueueConsumerOptions<M>;

/** The handler of a consumer. Without a queue it gets no context. */
export type ConsumerHandler<M extends Message, Options> =
  Options extends QueueConsumerOptions<M> ? AsyncHandler<M> : Handler<M>;

/** The context of a method decorator: the part that is used here. */
export interface MethodDecoration {
  /** It stands before a method. */
  readonly kind: 'method';
  /** Adds what is called when there is an instance, or, for a static method, the class. */
  addInitializer(initializer: (this: unknown) => void): void;
}

/** The signatures of `onMessage`: it takes a handler, or the arguments of a decorator of either kind. */
export interface OnMessage<M extends Message, Options> {
  /** Registers a handler, or the method a decorator stands before. Returns it. */
  <Registered extends ConsumerHandler<M, Options>>(handler: Registered, decoration?: MethodDecoration): Registered;
  /** Registers the static method that a decorator stands before, with `experimentalDecorators`. */
  <Registered extends ConsumerHandler<M, Options>>(
    target: object,
    name: string | symbol,
    descriptor: TypedPropertyDescriptor<Registered>,
  ): void;
}

/** Handles the messages of one type with one handler, on the broker of the process. */
export class Consumer<M extends Message, Options extends ConsumerOptions<M> = ConsumerOptions<M>> {
  readonly #type: MessageType<M>;
  readonly #options: ConsumerOptions<M>;
  #handler: AsyncHandler<M> | undefined;

  /**
   * @param type The messages it handles.
   * @param options How it subscribes.
   * @throws InvalidMessageError for a type without a name, OptionError, or the reason of a signal that is aborted.
   */
  constructor(type: MessageType<M>, options?: Options) {
    getUniqueNameForMessage(type);
    this.#type = type;
    this.#options = options ?? {};
    const { queueName, ...rest } = this.#options;
    // A handler may wait for its broker: what is wrong must not come out only then.
    if (queueName === undefined) checkSubscribeOptions(() => undefined, rest);
    else resolveAsyncOptions(() => undefined, queueName, rest);
  }

  /**
   * Registers the handler and subscribes it: on the current broker (`getMessageBroker`), or, when there is none yet, on
   * the first that `setMessageBroker` is given. It is also a decorator of methods: `@consumer.onMessage`. The method of
   * an instance is registered when the instance is made, so there can be only one. With `experimentalDecorators`, as
   * NestJS sets it, decorators do not learn of instances: there it takes static methods.
   *
   * @returns The handler.
   * @throws ConsumerAlreadyRegisteredError the second time; what `subscribe` or `subscribeAsync` throws; OptionError for
   * the method of an instance with `experimentalDecorators`.
   */
  readonly onMessage: OnMessage<M, Options> = (
    ...[first, second, descriptor]: readonly [unknown, (MethodDecoration | string | symbol)?, { value?: unknown }?]
  ) => {
    if (typeof second === 'string' || typeof second === 'symbol') {
      this.#registerStatic(first, String(second), descriptor?.value);
      return undefined as never; // the method stays as it is
    }
    const handler = first as AsyncHandler<M>; // as the type says
    if (second === undefined) {
      this.#register(handler);
    } else {
      const register = (bound: AsyncHandler<M>): void => this.#register(bound);
      second.addInitializer(function (this: unknown) {
        register(handler.bind(this));
      });
    }
    return first as never; // what it was given
  };

  /**
   * Subscribes the handler on a broker, besides those it is subscribed on: a `TestBroker`, say.
   *
   * @throws PubSubError when it has no handler yet; what `subscribe` or `subscribeAsync` throws.
   */
  subscribe(broker: Broker): Subscription {
    const handler = this.#handler;
    if (handler === undefined) throw new PubSubError('The consumer has no handler yet. Call onMessage() first.');
    const { queueName, ...options } = this.#options;
    // A handler for messages without a queue takes no context (`ConsumerHandler`).
    if (queueName === undefined) return broker.subscribe(this.#type, handler as Handler<M>, options);
    return broker.subscribeAsync(this.#type, handler, queueName, options);
  }

  #registerStatic(target: unknown, name: string, method: unknown): void {
    if (typeof target !== 'function' || typeof method !== 'function') {
      throw new OptionError(
        `With experimentalDecorators, @onMessage cannot know the instances that have the method ${name}. Make it static, ` +
          `or call consumer.onMessage(this.${name}.bind(this)) in the constructor.`,
      );
    }
    this.#register((message, context) => Reflect.apply(method, target, [message, context]) as unknown);
  }

  #register(handler: AsyncHandler<M>): void {
    if (this.#handler !== undefined) {
      throw new ConsumerAlreadyRegisteredError(
        `The consumer of ${getUniqueNameForMessage(this.#type)} has a handler. Make another consumer for this one.`,
      );
    }
    this.#handler = handler;
    try {
      whenBroker((broker) => this.subscribe(broker));
    } catch (error) {
      this.#handler = undefined;
      throw error;
    }
  }
}
