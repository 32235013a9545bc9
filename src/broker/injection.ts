import { OptionError } from '../errors.js';
import { checkNames } from '../check-options.js';
import type { PeerError } from '../errors.js';
import type { ReceivedMessage } from '../codec/received-message.js';

/** The point at which a broker interferes: a message comes in, one goes out, or a link is attached. */
export type InjectionPoint = 'message' | 'delivery' | 'attach';

/** A fault that a broker is to make on purpose: exactly one of `reject`, `delay`, `drop` and `close`, and the occasion. */
export interface InjectOptions {
  /** Messages are rejected, or links refused, with this error; `true` for `amqp:internal-error`. */
  reject?: boolean | PeerError | undefined;
  /** Messages are dealt with only after so many milliseconds, in order. Their senders hear nothing meanwhile. */
  delay?: number | undefined;
  /** Messages vanish: they are neither kept nor answered, as if the network had lost them. */
  drop?: boolean | undefined;
  /** Before the message or link is dealt with, its link or connection is closed, or its socket cut. */
  close?: 'link' | 'connection' | 'socket' | undefined;
  /**
   * The error that the client is told with `close`. Default: `amqp:internal-error` for a link, `amqp:connection:forced` for a
   * connection.
   */
  error?: PeerError | undefined;
  /** The point to interfere at. `delivery` knows only `close`, `attach` only `reject` and `close`. Default `message`. */
  on?: InjectionPoint | undefined;
  /** Only at this address. Default: at any. */
  address?: string | undefined;
  /** Only so many times. Default: until `stop`. */
  times?: number | undefined;
  /** Only for messages that it says yes to. Not for links. Default: for all. */
  when?: ((message: ReceivedMessage) => boolean) | undefined;
}

/** A fault that a broker makes until it is stopped. */
export interface Injection extends Disposable {
  /** The number of times that it has struck. */
  readonly count: number;
  /** True when it will strike no more. */
  readonly isOver: boolean;
  /** Stops it. Stopping again does nothing. */
  stop(): void;
}

/** The fault that a broker is to make now. */
export type Fault =
  | { readonly type: 'reject'; readonly error: PeerError }
  | { readonly type: 'delay'; readonly delay: number }
  | { readonly type: 'drop' }
  | { readonly type: 'close'; readonly what: 'link' | 'connection' | 'socket'; readonly error: PeerError };

const DEFAULT_ERROR: PeerError = { condition: 'amqp:internal-error', description: 'Injected by a test.' };
const FORCED: PeerError = { condition: 'amqp:connection:forced', description: 'Injected by a test.' };

/** The faults that a broker can make at each point. */
const FAULTS: Readonly<Record<InjectionPoint, readonly Fault['type'][]>> = {
  message: ['reject', 'delay', 'drop', 'close'],
  delivery: ['close'],
  attach: ['reject', 'close'],
};

const OPTION_NAMES = ['reject', 'delay', 'drop', 'close', 'error', 'on', 'address', 'times', 'when'];

/** Everything a broker does wrong on purpose. The one that was injected first strikes first. */
export class Injections {
  readonly #active = new Set<ActiveInjection>();

  /** True when there is none, as nearly always: then the broker need not look at the message. */
  get isEmpty(): boolean {
    return this.#active.size === 0;
  }

  /** Adds one. Throws `OptionError` when it makes no sense. */
  add(options: InjectOptions): Injection {
    const injection = new ActiveInjection(options, () => this.#active.delete(injection));
    this.#active.add(injection);
    return injection;
  }

  /** Returns the fault that the broker is to make here and now. */
  strike(on: InjectionPoint, address: string | undefined, message?: ReceivedMessage): Fault | undefined {
    for (const injection of this.#active) if (injection.strikes(on, address, message)) return injection.fault;
    return undefined;
  }

  /** Stops all of them. */
  stop(): void {
    for (const injection of this.#active) injection.stop();
  }
}

class ActiveInjection implements Injection {
  readonly fault: Fault;
  count = 0;
  isOver = false;
  readonly #options: InjectOptions;
  readonly #on: InjectionPoint;
  readonly #ended: () => void;

  constructor(options: InjectOptions, ended: () => void) {
    const { on = 'message', times = Infinity, when } = options;
    checkNames('an injection', options, OPTION_NAMES);
    if (!(on in FAULTS)) throw new OptionError(`Option on must be one of ${Object.keys(FAULTS).join(', ')}.`);
    if (!(times >= 1)) throw new OptionError('Option times must be a number from 1 up.');
    if (when !== undefined && on === 'attach') throw new OptionError('Option when is for messages, not for links.');
    this.fault = faultOf(options);
    if (!FAULTS[on].includes(this.fault.type)) {
      throw new OptionError(`With on: '${on}' an injection knows only ${FAULTS[on].join(' and ')}.`);
    }
    this.#options = options;
    this.#on = on;
    this.#ended = ended;
  }

  strikes(on: InjectionPoint, address: string | undefined, message: ReceivedMessage | undefined): boolean {
    const { address: only, times = Infinity, when } = this.#options;
    if (this.isOver || on !== this.#on || (only !== undefined && only !== address)) return false;
    if (when !== undefined && (message === undefined || !when(message))) return false;
    this.count++;
    if (this.count >= times) this.stop();
    return true;
  }

  stop(): void {
    this.isOver = true;
    this.#ended();
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}

function faultOf({ reject, delay, drop, close, error }: InjectOptions): Fault {
  const faults: Fault[] = [];
  if (reject !== undefined && reject !== false) {
    faults.push({ type: 'reject', error: reject === true ? (error ?? DEFAULT_ERROR) : reject });
  }
  if (delay !== undefined) {
    if (!(delay >= 0)) throw new OptionError('Option delay must be a number of milliseconds from 0 up.');
    faults.push({ type: 'delay', delay });
  }
  if (drop === true) faults.push({ type: 'drop' });
  if (close !== undefined) {
    if (!['link', 'connection', 'socket'].includes(close)) {
      throw new OptionError('Option close must be link, connection or socket.');
    }
    faults.push({ type: 'close', what: close, error: error ?? (close === 'link' ? DEFAULT_ERROR : FORCED) });
  }
  const [fault] = faults;
  if (fault === undefined || faults.length > 1) {
    throw new OptionError('An injection has one of reject, delay, drop and close.');
  }
  return fault;
}
