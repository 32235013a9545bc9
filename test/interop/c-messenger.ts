import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { InterruptError, TimeoutError } from 'amqp-messenger';
import type { Message, WaitOptions } from 'amqp-messenger';
import type { Party, PartyDelivery, PartySubscription } from '../conformance/party.js';
import type { Side } from '../conformance/stage.js';
import { freePort } from '../brokers/support/free-port.js';

const TIMEOUT = -7;
const INTERRUPTED = -8;

/** How long a call may wait, in milliseconds. It only bounds a test that fails. */
const STANDARD_TIMEOUT = 15_000;

/** A call failed, with a code and a text of Proton's. */
export class ProtonError extends Error {
  override readonly name = 'ProtonError';
}

/** What follows a message, by its number: too large for a number of JavaScript. */
interface CTracker {
  readonly id: string;
}

/**
 * The C Messenger, in a process that does what each line it is sent says: see test/interop/c/messenger.c. Calls are
 * carried out in the order they are made, one at a time, and each resolves with what it gave.
 */
export class CMessenger implements Party {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting: ((answer: string | undefined) => void)[] = [];
  readonly #settings = { blocking: true, outgoingWindow: 0, incomingWindow: 0 };
  readonly #tls: Record<string, string | undefined> = {};

  /** @param program The path of the program. */
  constructor(program: string, name: string) {
    this.#process = spawn(program, [name], { stdio: ['pipe', 'pipe', 'inherit'] });
    // Who is gone does not read: the call that is not answered tells.
    this.#process.stdin.on('error', () => undefined);
    const lines = createInterface({ input: this.#process.stdout });
    lines.on('line', (line) => this.#waiting.shift()?.(line));
    lines.on('close', () => {
      for (const tell of this.#waiting.splice(0)) tell(undefined);
    });
    this.#set('timeout', STANDARD_TIMEOUT);
  }

  get blocking(): boolean {
    return this.#settings.blocking;
  }
  set blocking(blocking: boolean) {
    this.#settings.blocking = blocking;
    this.#set('blocking', Number(blocking));
  }

  get outgoingWindow(): number {
    return this.#settings.outgoingWindow;
  }
  set outgoingWindow(size: number) {
    this.#settings.outgoingWindow = size;
    this.#set('outgoing_window', size);
  }

  get incomingWindow(): number {
    return this.#settings.incomingWindow;
  }
  set incomingWindow(size: number) {
    this.#settings.incomingWindow = size;
    this.#set('incoming_window', size);
  }

  get certificate(): string | undefined {
    return this.#tls['certificate'];
  }
  set certificate(path: string | undefined) {
    this.#tls['certificate'] = path;
    this.#set('certificate', encode(path));
  }

  get privateKey(): string | undefined {
    return this.#tls['privateKey'];
  }
  set privateKey(path: string | undefined) {
    this.#tls['privateKey'] = path;
    this.#set('private_key', encode(path));
  }

  get password(): string | undefined {
    return this.#tls['password'];
  }
  set password(password: string | undefined) {
    this.#tls['password'] = password;
    this.#set('password', encode(password));
  }

  get trustedCertificates(): string | undefined {
    return this.#tls['trustedCertificates'];
  }
  set trustedCertificates(path: string | undefined) {
    this.#tls['trustedCertificates'] = path;
    this.#set('trusted_certificates', encode(path));
  }

  get incoming(): Promise<number> {
    return this.#number('count', 'incoming');
  }

  get outgoing(): Promise<number> {
    return this.#number('count', 'outgoing');
  }

  get receiving(): Promise<number> {
    return this.#number('count', 'receiving');
  }

  get stopped(): Promise<boolean> {
    return this.#yes('count', 'stopped');
  }

  route(pattern: string, address: string): void {
    void this.#call('route', encode(pattern), encode(address));
  }

  rewrite(pattern: string, address: string | null): void {
    void this.#call('rewrite', encode(pattern), encode(address ?? undefined));
  }

  subscribe(address: string): PartySubscription {
    const subscribed = this.#call('subscribe', encode(address));
    const port = Number(/~[^/]*:(\d+)$/.exec(address)?.[1]);
    // Told again by whoever waits.
    subscribed.catch(() => undefined);
    return { port: Number.isNaN(port) ? undefined : port, ready: () => subscribed };
  }

  async put({ address, subject, replyTo, body }: Message): Promise<CTracker> {
    if (typeof body !== 'string') throw new TypeError('The C program takes only strings as bodies.');
    const [id = ''] = await this.#call('put', ...[address, subject, replyTo, body].map(encode));
    return { id };
  }

  async get(): Promise<PartyDelivery | undefined> {
    const [id = '-', address, subject, replyTo, body] = await this.#call('get');
    if (id === '-') return undefined;
    const message = { address: decode(address), subject: decode(subject), replyTo: decode(replyTo) };
    return { tracker: { id }, message: { ...withoutNothing(message), body: decode(body) ?? null } };
  }

  send(count = -1, options: WaitOptions = {}): Promise<boolean> {
    return this.#within(options, 'send', count);
  }

  recv(count = -1, options: WaitOptions = {}): Promise<boolean> {
    return this.#within(options, 'recv', count);
  }

  work(timeout = -1): Promise<boolean> {
    return this.#yes('work', timeout);
  }

  async status(tracker: CTracker): Promise<string | undefined> {
    const [status] = await this.#call('status', tracker.id);
    return status === 'unknown' ? undefined : status;
  }

  buffered(tracker: CTracker): Promise<boolean> {
    return this.#yes('buffered', tracker.id);
  }

  async accept(tracker?: CTracker): Promise<void> {
    await this.#call('accept', tracker?.id ?? '-');
  }

  async reject(tracker?: CTracker): Promise<void> {
    await this.#call('reject', tracker?.id ?? '-');
  }

  async settle(tracker?: CTracker): Promise<void> {
    await this.#call('settle', tracker?.id ?? '-');
  }

  interrupt(): void {
    this.#process.kill('SIGUSR1');
  }

  async stop(): Promise<void> {
    await this.#call('stop');
  }

  /** Ends the process, whatever it does. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'close');
  }

  #set(property: string, setting: string | number): void {
    void this.#call('set', property, setting);
  }

  async #within({ timeout }: WaitOptions, call: string, count: number): Promise<boolean> {
    if (timeout === undefined) return this.#yes(call, count);
    this.#set('timeout', timeout);
    const done = this.#yes(call, count);
    this.#set('timeout', STANDARD_TIMEOUT);
    return done;
  }

  async #number(...call: (string | number)[]): Promise<number> {
    return Number((await this.#call(...call))[0]);
  }

  async #yes(...call: (string | number)[]): Promise<boolean> {
    return (await this.#number(...call)) !== 0;
  }

  async #call(...words: (string | number)[]): Promise<string[]> {
    const answered = new Promise<string | undefined>((resolve) => this.#waiting.push(resolve));
    this.#process.stdin.write(`${words.join(' ')}\n`);
    const answer = await answered;
    if (answer === undefined) throw new ProtonError(`The program ended before ${words[0] ?? ''} was answered.`);
    const [result, ...given] = answer.split(' ');
    if (result === 'ok') return given;
    const [code, text] = given;
    if (Number(code) === TIMEOUT) throw new TimeoutError(`${words[0] ?? ''} ran out of time.`);
    if (Number(code) === INTERRUPTED) throw new InterruptError(`${words[0] ?? ''} was interrupted.`);
    throw new ProtonError(`${words[0] ?? ''}: ${code ?? ''} ${decode(text) ?? ''}`);
  }
}

function encode(text: string | undefined): string {
  return text === undefined ? '-' : `=${encodeURIComponent(text)}`;
}

function decode(word: string | undefined): string | undefined {
  return word === undefined || word === '-' ? undefined : decodeURIComponent(word.slice(1));
}

/** Without the fields that hold nothing. */
function withoutNothing(message: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(message).flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])),
  );
}

/** Messengers of C, made by the program with this path. */
export function cSide(program: string): Side {
  return {
    isOurs: false,
    port: freePort,
    create: (name) => new CMessenger(program, name),
    dispose: (party) => (party instanceof CMessenger ? party.kill() : undefined),
  };
}
