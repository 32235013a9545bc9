import { once } from 'node:events';
import { connect, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { nodeTlsOptions } from '../../link/security/tls.js';
import type { TlsOptions } from '../../link/security/tls.js';
import { EXIT } from '../exit.js';
import { Deadline } from './deadline.js';
import { errorOf } from './network.js';
import { bad } from './step.js';
import type { Step } from './step.js';

const DAY = 86_400_000;
/** A certificate that expires sooner than this, in days, gets a warning. */
const SOON = 30;

const TRUST_IT = 'Name the authority that signed it: --ca <file>, or connections.tls.caFile in the configuration.';
const FIXES: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: TRUST_IT,
  SELF_SIGNED_CERT_IN_CHAIN: TRUST_IT,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: TRUST_IT,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: TRUST_IT,
  UNABLE_TO_GET_ISSUER_CERT: TRUST_IT,
  CERT_HAS_EXPIRED: 'Have the certificate of the broker renewed.',
  CERT_NOT_YET_VALID: 'Check the clock of this machine, and that of the one that made the certificate.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'Use a host that the certificate names, or set connections.tls.servername.',
};
const WHY: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'its authority is not one that is trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its authority is not one that is trusted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its authority is not one that is trusted here',
  UNABLE_TO_GET_ISSUER_CERT: 'its authority is not one that is trusted here',
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it is for another host',
};

/**
 * Performs a handshake and accepts any certificate, so that it can be examined. The socket is destroyed at the time
 * limit.
 */
export async function shakeHands(host: string, port: number, tls: TlsOptions, deadline: Deadline): Promise<TLSSocket> {
  const { servername, ...options } = nodeTlsOptions(tls);
  const name = servername ?? (isIP(host) === 0 ? host : undefined);
  const socket = connectTls({
    ...options,
    socket: connect({ host, port }),
    // Without a server name, the certificate is compared with the host.
    host,
    ...(name === undefined ? {} : { servername: name }),
    rejectUnauthorized: false,
  });
  deadline.guard(socket);
  await once(socket, 'secureConnect');
  return socket;
}

/** Checks TLS and the chain of certificates. */
export async function checkTls(host: string, port: number, tls: TlsOptions, timeout: number): Promise<Step> {
  using deadline = new Deadline(timeout);
  let socket: TLSSocket;
  try {
    socket = await shakeHands(host, port, tls, deadline);
  } catch (error) {
    return noHandshake(errorOf(error));
  }
  // The type says `Error`, but the value is a code.
  const code = socket.authorized ? undefined : String(socket.authorizationError);
  const chain = chainOf(socket);
  const found = [`${socket.getProtocol() ?? 'TLS'}, ${socket.getCipher().name}`, ...chain.map(describe)];
  socket.destroy();
  if (code === undefined) {
    const days = daysLeft(chain[0]);
    if (days >= SOON) return { name: 'TLS', result: 'good', found };
    return { name: 'TLS', result: 'doubtful', found, fix: `The certificate ends in ${days} days. Have it renewed.` };
  }
  const verdict = `the certificate is not taken: ${WHY[code] ?? code}`;
  if (tls.rejectUnauthorized === false) {
    const fix = `It is taken all the same, as asked. ${FIXES[code] ?? ''}`.trim();
    return { name: 'TLS', result: 'doubtful', found: [...found, verdict], fix };
  }
  return bad(
    'TLS',
    EXIT.security,
    FIXES[code] ?? 'Look the code up in the documentation of OpenSSL.',
    ...found,
    verdict,
  );
}

/** Explains why the handshake failed, or why the peer ended TLS after it had seen our certificate. */
export function noHandshake({ code = '', message }: Error & { code?: string }): Step {
  const reason = message.trim().split('\n')[0] ?? '';
  if (code === 'ERR_OPTION') return bad('TLS', EXIT.config, 'Check the paths of the certificates.', reason);
  if (/ALERT|HANDSHAKE_FAILURE/.test(code)) {
    const fix = 'The peer refuses: it may want a certificate of ours (--cert and --key), or another version of TLS.';
    return bad('TLS', EXIT.security, fix, `the handshake was refused: ${reason}`);
  }
  if (code === 'ETIMEDOUT') {
    const fix = 'Look at what listens there, or give it more time: --timeout.';
    return bad('TLS', EXIT.timeout, fix, `the handshake did not end: ${reason}`);
  }
  const fix = 'What listens there does not speak TLS. Use amqp:// on this port, or the port for TLS, mostly 5671.';
  return bad('TLS', EXIT.security, fix, `the handshake failed: ${reason}`);
}

/**
 * A certificate as Node returns it. Unlike in Node's types, a missing certificate is an empty object, and the issuer
 * may be unknown.
 */
interface Link extends Partial<Omit<DetailedPeerCertificate, 'issuerCertificate'>> {
  readonly issuerCertificate?: Link;
}

function chainOf(socket: TLSSocket): Link[] {
  const chain: Link[] = [];
  let link: Link | undefined = socket.getPeerCertificate(true);
  // The last certificate is self-signed, so it is its own issuer.
  while (link?.raw !== undefined && !chain.includes(link)) {
    chain.push(link);
    link = link.issuerCertificate;
  }
  return chain;
}

function describe(certificate: Link): string {
  const { subject, issuer, subjectaltname, valid_to: until } = certificate;
  const names = subjectaltname === undefined ? '' : `, for ${subjectaltname.replaceAll(/DNS:|IP Address:/g, '')}`;
  const end = until === undefined ? 'nobody knows when' : new Date(until).toISOString().slice(0, 10);
  return `certificate ${nameOf(subject)}${names}, signed by ${nameOf(issuer)}, until ${end} (${daysLeft(certificate)} days)`;
}

function nameOf(who: Link['subject']): string {
  return [who?.CN, who?.O].flat().find((name) => name !== undefined) ?? 'somebody without a name';
}

function daysLeft(certificate: Link | undefined): number {
  return certificate?.valid_to === undefined ? 0 : Math.floor((Date.parse(certificate.valid_to) - Date.now()) / DAY);
}
