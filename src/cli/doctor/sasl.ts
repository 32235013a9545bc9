import type { SaslOptions } from '../../link/security/credentials.js';
import type { TlsOptions } from '../../link/security/tls.js';
import { hasCertificate } from '../../link/security/tls.js';
import { EXIT } from '../exit.js';
import { Deadline } from './deadline.js';
import { greet } from './greeting.js';
import type { Greeting } from './greeting.js';
import { dial, errorOf } from './network.js';
import { bad, good } from './step.js';
import type { Step } from './step.js';
import { noHandshake, shakeHands } from './tls.js';

/** The connection to examine. */
export interface Terms {
  readonly host: string;
  readonly port: number;
  /** True if TLS comes first. */
  readonly isTls: boolean;
  readonly tls: TlsOptions;
  readonly sasl: SaslOptions;
  readonly timeout: number;
  /** Describes where the password or token comes from. */
  readonly origin: string | undefined;
}

/** Sends the header of AMQP 1.0 and reads the SASL mechanisms that the peer offers. */
export async function checkGreeting(terms: Terms): Promise<Step[]> {
  const { host, port, isTls, tls, timeout } = terms;
  using deadline = new Deadline(timeout);
  let greeting: Greeting;
  try {
    const socket = isTls ? await shakeHands(host, port, tls, deadline) : await dial(host, port, deadline);
    greeting = await greet(socket, deadline).finally(() => socket.destroy());
  } catch (error) {
    return [bad('AMQP', EXIT.connection, 'Try again: the peer was there a moment ago.', errorOf(error).message)];
  }
  if (greeting.kind === 'sasl')
    return [good('AMQP', 'the peer speaks AMQP 1.0'), checkMechanisms(greeting.mechanisms, terms)];
  if (greeting.kind === 'no sasl') {
    return [good('AMQP', 'the peer speaks AMQP 1.0'), good('SASL', 'the peer asks nobody who they are')];
  }
  // With TLS 1.3, a peer refuses our certificate only now.
  if (isTls && greeting.kind === 'silence' && /ALERT/.test(codeOf(greeting.error)))
    return [noHandshake(greeting.error!)];
  const speaksTls =
    !isTls && (greeting.kind === 'wants tls' || (greeting.kind === 'silence' && (await takesTls(terms))));
  return [speaksTls ? wantsTls(port) : refuse(greeting, isTls)];
}

function wantsTls(port: number): Step {
  const fix = `Use amqps:// instead of amqp://${port === 5671 ? '' : `, and say the port: host:${port}`}.`;
  return bad('AMQP', EXIT.connection, fix, 'the port is there, but it wants TLS');
}

/** A TLS server may not answer a client without TLS at all. */
async function takesTls({ host, port, tls, timeout }: Terms): Promise<boolean> {
  using deadline = new Deadline(timeout);
  try {
    (await shakeHands(host, port, tls, deadline)).destroy();
    return true;
  } catch {
    return false;
  }
}

function refuse(greeting: Exclude<Greeting, { kind: 'sasl' | 'no sasl' }>, isTls: boolean): Step {
  const elsewhere =
    'What listens on this port is not an AMQP broker. Check the port: 5672 is AMQP, 5671 is AMQP over TLS.';
  switch (greeting.kind) {
    case 'other amqp':
      return bad(
        'AMQP',
        EXIT.connection,
        'RabbitMQ 3 needs the plugin rabbitmq_amqp1_0: rabbitmq-plugins enable rabbitmq_amqp1_0. RabbitMQ 4 speaks AMQP 1.0.',
        `the peer speaks AMQP ${greeting.version} and not 1.0`,
      );
    case 'http':
      return bad('AMQP', EXIT.connection, elsewhere, 'a web server answers, not AMQP');
    case 'something else':
      return bad(
        'AMQP',
        EXIT.connection,
        elsewhere,
        `something that is not AMQP answers: ${JSON.stringify(greeting.beginning)}`,
      );
    case 'wants tls':
      return bad(
        'AMQP',
        EXIT.connection,
        'The peer wants to begin TLS by itself, which is not supported.',
        'it asks for TLS',
      );
    case 'silence':
      return silent(greeting, isTls ? `${elsewhere} Or it wants a certificate of ours: --cert and --key.` : elsewhere);
  }
}

function silent({ end, begun }: Extract<Greeting, { kind: 'silence' }>, elsewhere: string): Step {
  if (end === 'closed') return bad('AMQP', EXIT.connection, elsewhere, 'the peer hangs up without a word');
  if (!begun) return bad('AMQP', EXIT.connection, elsewhere, 'the peer says nothing');
  const fix = `Give it more time: --timeout. ${elsewhere}`;
  return bad('AMQP', EXIT.timeout, fix, 'the peer has begun to answer, and did not end in time');
}

function codeOf(error: (Error & { code?: unknown }) | undefined): string {
  return String(error?.code);
}

/** Checks that one of the offered mechanisms can be used with our credentials. */
function checkMechanisms(offered: readonly string[], { sasl, tls, isTls, origin }: Terms): Step {
  const { user, password, passwordFile, token } = sasl;
  const found = `the peer offers ${offered.join(', ') || 'nothing'}`;
  const hasPassword = user !== undefined && (password ?? passwordFile) !== undefined;
  const certificate = hasCertificate(tls) && isTls ? ['EXTERNAL'] : [];
  const usable = token !== undefined ? ['XOAUTH2'] : hasPassword ? ['PLAIN'] : [...certificate, 'ANONYMOUS'];
  const chosen = usable.find((name) => offered.includes(name));
  const secret = chosen === 'PLAIN' ? 'password' : chosen === 'XOAUTH2' ? 'token' : undefined;
  const from = secret === undefined || origin === undefined ? '' : `, with the ${secret} of ${origin}`;
  if (chosen !== undefined) return good('SASL', found, `${chosen} is used${from}`);
  const fix = hasPassword
    ? 'Allow PLAIN at the broker; some allow it with TLS only, so try amqps://.'
    : 'Say who you are: --user, with the password in AMQP_MESSENGER_PASSWORD or --password-file.';
  return bad('SASL', EXIT.security, fix, found, `with what is given here, ${usable.join(' or ')} could be used`);
}
