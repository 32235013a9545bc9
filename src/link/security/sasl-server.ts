import type { Duplex } from 'node:stream';
import { SASL_INIT, SASL_MECHANISMS, SASL_OUTCOME } from '../../codec/performative.js';
import { readValue } from '../../codec/read.js';
import { AuthenticationError, ProtocolError, asError } from '../../errors.js';
import { AmqpArray, Described, Typed } from '../../message/typed.js';
import type { AmqpValue } from '../../message/typed.js';
import type { SaslMechanism } from './credentials.js';
import type { FrameLog } from '../wire/frame-log.js';
import { FrameSplitter } from '../wire/frame-splitter.js';
import { SASL_FRAME, saslFrame } from './sasl-frame.js';
import { nodeTls } from './tls.js';

/** The SASL mechanisms that are known on the listening side. */
export type LoginMechanism = Exclude<SaslMechanism, 'XOAUTH2'>;

/** The credentials that a client sends. Never log them. */
export interface Login {
  /** The mechanism that the client has chosen. */
  readonly mechanism: LoginMechanism;
  /** The user that it wants to be: the user of PLAIN, the common name of the certificate of EXTERNAL. */
  readonly user: string | undefined;
  /** The password of PLAIN. */
  readonly password: string | undefined;
  /** The host it has dialled, as it calls it. */
  readonly hostname: string | undefined;
}

/** Decides who may come in. */
export interface Authenticator {
  /** Lists the mechanisms to offer, the strongest first. `hasCertificate` when the client has shown one that was verified. */
  mechanisms(hasCertificate: boolean): readonly LoginMechanism[];
  /** Tells whether a login is good. */
  authenticate(login: Login): boolean | Promise<boolean>;
}

/** Lets anybody in. */
export const ANYBODY: Authenticator = {
  mechanisms: () => ['ANONYMOUS'],
  authenticate: ({ mechanism }) => mechanism === 'ANONYMOUS',
};

/** The connection that a SASL exchange is for. */
export interface SaslServerOwner {
  /** The client may go on, as this user if it has named one. Its bytes from here on are AMQP. */
  loggedIn(user: string | undefined): void;
  /** It may not, or has gone. Its socket is gone or going. */
  loginFailed(error: Error): void;
}

/**
 * The largest SASL frame taken, in bytes. AMQP 1.0 §5.3.1 allows 512; passwords that are signed tokens are longer.
 */
export const MAX_SASL_FRAME = 16_384;
const FRAME_HEADER_SIZE = 8;

const SASL_HEADER = Buffer.from('AMQP\x03\x01\x00\x00', 'latin1');
const AMQP_HEADER = Buffer.from('AMQP\x00\x01\x00\x00', 'latin1');

/** The codes of a sasl-outcome (AMQP 1.0 §5.3.3.6). */
const CODES = { ok: 0, auth: 1, sys: 2 } as const;

/**
 * The listening side of the SASL exchange (AMQP 1.0 §5.3), before anything else of a connection: what a client writes
 * meanwhile waits in the socket. It is ours and not rhea's, which knows no asynchronous answer that ends a connection,
 * no certificate, and no limit.
 */
export class SaslServer {
  readonly #socket: Duplex;
  readonly #authenticator: Authenticator;
  readonly #owner: SaslServerOwner;
  readonly #frames: FrameLog | undefined;
  readonly #splitter: FrameSplitter;
  readonly #mechanisms: readonly LoginMechanism[];
  /** `header` and `init` are what is waited for; `plain` is a client that leaves SASL out. */
  #state: 'header' | 'init' | 'deciding' | 'plain' | 'over' = 'header';

  constructor(socket: Duplex, authenticator: Authenticator, owner: SaslServerOwner, frames?: FrameLog) {
    this.#socket = socket;
    this.#authenticator = authenticator;
    this.#owner = owner;
    this.#frames = frames;
    this.#mechanisms = authenticator.mechanisms(socket instanceof nodeTls.TLSSocket && socket.authorized);
    this.#splitter = new FrameSplitter(MAX_SASL_FRAME, (buffer, start, end) => this.#frame(buffer, start, end));
    socket.on('data', this.#onData);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  /** Ends it, and cuts the socket. */
  abort(error: Error): void {
    if (this.#end()) this.#owner.loginFailed(error);
    this.#socket.destroy();
  }

  readonly #onData = (chunk: Buffer): void => {
    try {
      const used = this.#splitter.push(chunk);
      // What comes behind a refusal is dropped: a socket that waits to be read never tells that its peer has gone.
      if (this.#isOver) return;
      if (used < chunk.length) {
        this.#socket.pause();
        this.#socket.unshift(chunk.subarray(used));
      }
      if (this.#state === 'plain') this.#pass(undefined, AMQP_HEADER);
    } catch (error) {
      this.abort(asError(error));
    }
  };
  readonly #onError = (error: Error): void => this.abort(error);
  readonly #onClose = (): void =>
    this.abort(new ProtocolError('The peer hung up before it had opened its connection.'));

  /** Takes a protocol header or a frame. Returns false when what follows is not for this exchange. */
  #frame(buffer: Buffer, start: number, end: number): boolean {
    const bytes = buffer.subarray(start, end);
    if (this.#state === 'header') return this.#header(bytes);
    const body = start + buffer[start + 4]! * 4;
    const frame = body >= start + FRAME_HEADER_SIZE && body < end ? readValue(buffer, body, end) : undefined;
    const isInit =
      frame instanceof Described && (frame.descriptor === SASL_INIT || frame.descriptor === 'amqp:sasl-init:list');
    if (!isInit || buffer[start + 5] !== SASL_FRAME || !Array.isArray(frame.value)) {
      throw new ProtocolError('The peer sent something other than sasl-init.');
    }
    this.#frames?.read(buffer, start, end);
    this.#state = 'deciding';
    this.#socket.pause();
    void this.#decide(frame.value as AmqpValue[]);
    return false;
  }

  #header(header: Buffer): boolean {
    if (header.equals(SASL_HEADER)) {
      this.#frames?.read(header, 0, header.length);
      this.#state = 'init';
      this.#write(SASL_HEADER);
      const names = new AmqpArray('symbol', [...this.#mechanisms]);
      this.#write(saslFrame(SASL_MECHANISMS, [names]));
      return true;
    }
    // A client that leaves SASL out is anonymous (AMQP 1.0 §5.3).
    if (header.equals(AMQP_HEADER) && this.#mechanisms.includes('ANONYMOUS')) {
      this.#state = 'plain';
      return false;
    }
    // Told what would be understood (AMQP 1.0 §2.2).
    this.#write(SASL_HEADER);
    this.#fail(new ProtocolError('The peer did not begin with the protocol header of AMQP 1.0 and SASL.'));
    return false;
  }

  async #decide([name, response, host]: readonly AmqpValue[]): Promise<void> {
    let code: number = CODES.auth;
    let login: Login | undefined;
    try {
      const mechanism = this.#mechanisms.find((offered) => offered === name);
      login = mechanism && this.#login(mechanism, response, typeof host === 'string' ? host : undefined);
      if (login !== undefined && (await this.#authenticator.authenticate(login))) code = CODES.ok;
    } catch {
      // What it has thrown may hold the password.
      code = CODES.sys;
    }
    if (this.#state !== 'deciding') return;
    this.#write(saslFrame(SASL_OUTCOME, [new Typed('ubyte', code)]));
    if (code === CODES.ok) this.#pass(login?.user);
    else
      this.#fail(new AuthenticationError('A peer was refused: its credentials are not good, or could not be checked.'));
  }

  /** Reads a response; `undefined` when it is none of its mechanism. */
  #login(mechanism: LoginMechanism, response: AmqpValue, hostname: string | undefined): Login | undefined {
    const text = response instanceof Uint8Array ? Buffer.from(response).toString() : '';
    if (mechanism === 'ANONYMOUS') return { mechanism, user: undefined, password: undefined, hostname };
    if (mechanism === 'EXTERNAL') {
      const user = this.#commonName();
      // An authorization identity may be named, but only one's own (RFC 4422, appendix A).
      return text === '' || text === user ? { mechanism, user, password: undefined, hostname } : undefined;
    }
    const [identity = '', user, password, ...rest] = text.split('\0');
    if (user === undefined || password === undefined || rest.length > 0) return undefined;
    return identity === '' || identity === user ? { mechanism, user, password, hostname } : undefined;
  }

  #commonName(): string | undefined {
    if (!(this.#socket instanceof nodeTls.TLSSocket)) return undefined;
    // Typed as a name that is always there; a certificate may have none, and several.
    const name = this.#socket.getPeerCertificate().subject as { CN?: string | string[] } | undefined;
    return typeof name?.CN === 'string' ? name.CN : undefined;
  }

  /** Hands the socket on, with what is to be read of it once more. */
  #pass(user: string | undefined, unread?: Buffer): void {
    const socket = this.#socket;
    this.#end();
    socket.pause();
    if (unread !== undefined) socket.unshift(unread);
    this.#owner.loggedIn(user);
    socket.resume();
  }

  #fail(error: Error): void {
    this.#end();
    this.#socket.end();
    this.#socket.resume(); // so that its end is seen
    this.#owner.loginFailed(error);
  }

  #write(bytes: Buffer): void {
    this.#frames?.written(bytes);
    this.#socket.write(bytes);
  }

  get #isOver(): boolean {
    return this.#state === 'over';
  }

  /** Listens no more, but for errors: one that comes late and that nobody listens to would end the process. */
  #end(): boolean {
    if (this.#isOver) return false;
    this.#state = 'over';
    this.#socket.off('data', this.#onData);
    this.#socket.off('close', this.#onClose);
    this.#socket.on('error', () => undefined);
    this.#socket.off('error', this.#onError);
    return true;
  }
}
