import type { Endpoint } from '../../address/endpoint.js';
import { SASL_INIT } from '../../codec/performative.js';
import { AuthenticationError } from '../../errors.js';
import { Typed } from '../../message/typed.js';
import { SASL_MECHANISMS } from './credentials.js';
import type { Credentials, SaslMechanism } from './credentials.js';
import { describeRefusal, discreet } from './refusal.js';
import { saslFrame } from './sasl-frame.js';

/** A SASL mechanism as rhea's client drives it. */
interface Mechanism {
  start(respond: (error: unknown, response?: Buffer) => void): void;
  step(challenge: Buffer, respond: (error: unknown, response?: Buffer) => void): void;
}

/** Mechanisms by name, as rhea looks them up. */
export type Mechanisms = Readonly<Record<string, (() => Mechanism) | undefined>>;

/** The grounds on which a mechanism is chosen. */
export interface SaslTerms {
  /** The host that the peer is told we want. Default: that of the endpoint. */
  readonly hostname?: string | undefined;
  /** The mechanisms that may be used; `undefined` for those that suit the credentials. */
  readonly mechanisms: readonly SaslMechanism[] | undefined;
  /** True when passwords and tokens may go out in clear text, beyond this machine. */
  readonly allowInsecure: boolean;
  /** True when we show a certificate. */
  readonly hasCertificate: boolean;
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/i;

/**
 * Our side of a SASL exchange. The mechanisms are ours and not rhea's, which cuts off credentials beyond ASCII, prints the
 * password as debug output, and takes the first that the peer offers. They write their frames by themselves, so that rhea
 * never sees what is in them.
 */
export class SaslClient {
  /** The mechanisms that rhea finds: the chosen one alone, once the peer has said what it offers. */
  readonly mechanisms: Mechanisms;
  readonly #endpoint: Endpoint;
  readonly #credentials: Credentials;
  readonly #wanted: readonly SaslMechanism[];
  #offered: readonly string[] = [];
  #chosen: SaslMechanism | undefined;

  /**
   * @param write Writes a frame to the peer.
   * @throws AuthenticationError when a password or token would go over the network in clear text.
   */
  constructor(endpoint: Endpoint, credentials: Credentials, terms: SaslTerms, write: (frame: Buffer) => void) {
    this.#endpoint = endpoint;
    this.#credentials = credentials;
    this.#wanted = wanted(endpoint, credentials, terms);
    const found: Record<string, () => Mechanism> = {};
    for (const name of SASL_MECHANISMS) {
      Object.defineProperty(found, name, {
        enumerable: true,
        get: () =>
          name === this.#chosen
            ? () => mechanism(name, terms.hostname ?? endpoint.host, credentials, write)
            : undefined,
      });
    }
    this.mechanisms = found;
  }

  /** The peer has said what it offers. */
  offered(names: readonly string[]): void {
    this.#offered = names;
    this.#chosen = this.#wanted.find((name) => names.includes(name));
  }

  /** Says in a sentence that the peer has refused us, with the peer's own `words` if it has any. */
  refusal(words: string | undefined): string {
    const refusal = { offered: this.#offered, usable: this.#wanted, chosen: this.#chosen, words };
    return describeRefusal(this.#endpoint, this.#credentials, refusal);
  }

  /** Words of the peer, without what it was told in confidence. */
  discreet(words: string): string {
    return discreet(words, this.#credentials);
  }
}

/** Finds the mechanisms that the credentials allow, strongest first. */
function wanted(endpoint: Endpoint, { user, password, token }: Credentials, terms: SaslTerms): SaslMechanism[] {
  const hasPassword = user !== undefined && user !== '' && password !== undefined;
  const usable: Readonly<Record<SaslMechanism, boolean>> = {
    EXTERNAL: terms.hasCertificate && endpoint.tls && !hasPassword && token === undefined,
    XOAUTH2: token !== undefined,
    PLAIN: hasPassword && token === undefined,
    // A peer that does not take the credentials there are is not talked to without them.
    ANONYMOUS: !hasPassword && token === undefined,
  };
  const allowed = terms.mechanisms ?? SASL_MECHANISMS;
  const mechanisms = SASL_MECHANISMS.filter((name) => usable[name] && allowed.includes(name));
  const isSecret = mechanisms.includes('PLAIN') || mechanisms.includes('XOAUTH2');
  if (isSecret && !endpoint.tls && !terms.allowInsecure && !LOOPBACK.test(endpoint.host)) {
    throw new AuthenticationError(
      `The password or token for ${endpoint.host} would be sent in clear text. Use an amqps:// address, or set ` +
        'allowInsecureMechs if the network is trusted.',
    );
  }
  if (mechanisms.length === 0) {
    throw new AuthenticationError(
      `None of the SASL mechanisms ${allowed.join(', ')} can be used: a user and password, a token or a certificate is missing.`,
    );
  }
  return mechanisms;
}

function mechanism(
  name: SaslMechanism,
  hostname: string,
  { user = '', password = '', token = '' }: Credentials,
  write: (frame: Buffer) => void,
): Mechanism {
  const response = {
    EXTERNAL: '', // RFC 4422 appendix A: whoever the certificate says
    XOAUTH2: `user=${user}\x01auth=Bearer ${token}\x01\x01`,
    PLAIN: `\0${user}\0${password}`, // RFC 4616
    ANONYMOUS: user, // RFC 4505: a trace
  }[name];
  return {
    start: () => write(saslFrame(SASL_INIT, [new Typed('symbol', name), Buffer.from(response), hostname])),
    step: (_challenge, respond) => {
      // XOAUTH2 gives the reason of a refusal as a challenge, and waits for an empty response before it refuses.
      if (name === 'XOAUTH2') respond(undefined, Buffer.alloc(0));
      else respond(new Error('The peer asked for more than this SASL mechanism has to say.'));
    },
  };
}
