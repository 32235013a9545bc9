import { OptionError } from '../errors.js';
import { TypedEmitter } from '../typed-emitter.js';
import type { MessengerEvents } from './events.js';
import { flag, timeLimit, windowSize } from './options/option-checks.js';
import type { Settings } from './options/settings.js';

/** The properties of a messenger that can be set at any time. They apply to later calls and connections. */
export abstract class MessengerProperties extends TypedEmitter<MessengerEvents> {
  readonly #settings: Settings;

  /** @internal */
  protected constructor(settings: Settings) {
    super();
    this.#settings = settings;
  }

  /**
   * The time limit of `send`, `recv` and `stop` in milliseconds, unless a call gives its own. `undefined` or a negative
   * number is no limit.
   */
  get timeout(): number | undefined {
    return this.#settings.timeout;
  }
  /** Throws `OptionError` for what is not a number or `undefined`. */
  set timeout(timeout: number | undefined) {
    this.#settings.timeout = timeLimit(timeout);
  }

  /** True if `send`, `recv` and `stop` wait. If false, they return `false` when there is something left to wait for. */
  get blocking(): boolean {
    return this.#settings.blocking;
  }
  /** Throws `OptionError` for what is not true or false. */
  set blocking(blocking: boolean) {
    this.#settings.blocking = flag('blocking', blocking);
  }

  /**
   * As `blocking: false`, and `work` returns at once, too. Connections, credit and outcomes go on in the background.
   */
  get passive(): boolean {
    return this.#settings.passive;
  }
  /** Throws `OptionError` for what is not true or false. */
  set passive(passive: boolean) {
    this.#settings.passive = flag('passive', passive);
  }

  /**
   * 0 sends messages settled. Otherwise each message gets an outcome, and `status` knows the outcomes of the last
   * messages, as many as this number; all with a negative number.
   */
  get outgoingWindow(): number {
    return this.#settings.outgoingWindow;
  }
  /** Throws `OptionError` for what is not a number. */
  set outgoingWindow(size: number) {
    this.#settings.outgoingWindow = windowSize('outgoingWindow', size);
  }

  /**
   * The most received messages without an outcome. 0 accepts every message as `get` returns it; negative means no
   * limit.
   */
  get incomingWindow(): number {
    return this.#settings.incomingWindow;
  }
  /** Throws `OptionError` for what is not a number. */
  set incomingWindow(size: number) {
    this.#settings.incomingWindow = windowSize('incomingWindow', size);
  }

  /** The path of the PEM file with our certificate: `tls.certFile`. It is read when a connection is made. */
  get certificate(): string | undefined {
    return this.#settings.tls.certFile;
  }
  /** Throws `OptionError` for what is not a string or `undefined`. */
  set certificate(path: string | undefined) {
    this.#setFile('cert', pathOf('certificate', path));
  }

  /** The path of the PEM file with the key of the certificate: `tls.keyFile`. */
  get privateKey(): string | undefined {
    return this.#settings.tls.keyFile;
  }
  /** Throws `OptionError` for what is not a string or `undefined`. */
  set privateKey(path: string | undefined) {
    this.#setFile('key', pathOf('privateKey', path));
  }

  /** The pass-phrase of the key: `tls.passphrase`. */
  get password(): string | undefined {
    return this.#settings.tls.passphrase;
  }
  /** Throws `OptionError` for what is not a string or `undefined`. */
  set password(passphrase: string | undefined) {
    this.#settings.tls.passphrase = pathOf('password', passphrase);
  }

  /** The path of the PEM file with the certificates of the authorities to trust: `tls.caFile`. */
  get trustedCertificates(): string | undefined {
    return this.#settings.tls.caFile;
  }
  /** Throws `OptionError` for what is not a string or `undefined`. */
  set trustedCertificates(path: string | undefined) {
    this.#setFile('ca', pathOf('trustedCertificates', path));
  }

  /** A file replaces the content in the options. */
  #setFile(name: 'ca' | 'cert' | 'key', path: string | undefined): void {
    const { tls } = this.#settings;
    tls[name] = undefined;
    tls[`${name}File`] = path;
  }
}

function pathOf(name: string, text: string | undefined): string | undefined {
  if (text === undefined || typeof text === 'string') return text;
  throw new OptionError(`Property ${name} must be a string, or undefined for none.`);
}
