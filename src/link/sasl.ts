import { encodeValue } from '../codec/encode-value.js';
import { Output } from '../codec/output.js';
import { AuthenticationError } from '../errors.js';
import type { Endpoint } from '../address/endpoint.js';
import { Described, Typed } from '../message/typed.js';

/** A SASL mechanism as rhea's client drives it. */
interface Mechanism {
  start(respond: (error: unknown, response?: Buffer) => void): void;
  step(challenge: Buffer, respond: (error: unknown, response?: Buffer) => void): void;
}

/** Mechanisms by name, each made anew for every connection. */
export type Mechanisms = Record<string, () => Mechanism>;

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/i;

const FRAME_HEADER_SIZE = 8;

/**
 * The mechanisms to offer for an endpoint: PLAIN with a user and a password, else ANONYMOUS. One or the other: a peer
 * that does not offer PLAIN is not to be talked to without the credentials the address gives.
 *
 * They are ours and not rhea's, which cuts off credentials beyond ASCII and prints the password as debug output. Throws
 * `AuthenticationError` when the password would go over the network in clear text (design: refused except on loopback or
 * when allowed).
 *
 * @param write Writes a frame to the peer.
 */
export function mechanismsFor(endpoint: Endpoint, allowInsecure: boolean, write: (frame: Buffer) => void): Mechanisms {
  const { user, password } = endpoint;
  if (user === undefined || user === '' || password === undefined) {
    return { ANONYMOUS: () => single(() => write(init('ANONYMOUS', user ?? '', endpoint.host))) };
  }
  if (!endpoint.tls && !allowInsecure && !LOOPBACK.test(endpoint.host)) {
    throw new AuthenticationError(
      `The password for ${endpoint.host} would be sent in clear text. Use an amqps:// address, or set ` +
        'allowInsecureMechs if the network is trusted.',
    );
  }
  return { PLAIN: () => single(() => write(init('PLAIN', `\0${user}\0${password}`, endpoint.host))) };
}

/** A mechanism that has one thing to say (RFC 4616, RFC 4505). It writes that by itself, so that rhea never sees it. */
function single(say: () => void): Mechanism {
  return {
    start: say,
    step: (_challenge, respond) => respond(new Error('The peer asked for more than this SASL mechanism has to say.')),
  };
}

/** A sasl-init frame (AMQP 1.0 §5.3.3.2). */
function init(mechanism: string, response: string, hostname: string): Buffer {
  const output = new Output();
  output.open(FRAME_HEADER_SIZE);
  const fields = [new Typed('symbol', mechanism), Buffer.from(response), hostname];
  encodeValue(output, new Described(new Typed('ulong', 0x41), fields));
  const frame = output.buffer.subarray(output.start, output.position);
  frame.writeUInt32BE(frame.length, 0);
  frame.writeUInt32BE(0x0201_0000, 4); // data offset 2, a SASL frame
  return frame;
}
