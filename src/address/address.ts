import { AddressError } from '../errors.js';

/**
 * The parts of an address, `[scheme://][user[:password]@]host[:port][/name]`. An absent part is `undefined`, which
 * differs from an empty one: `host` has no name, `host/` has the name `''`.
 */
export interface Address {
  /** The text before `://`, as written. `amqps` means TLS. May be empty. */
  readonly scheme: string | undefined;
  /** The user, percent-decoded. May be empty. */
  readonly user: string | undefined;
  /** The password, percent-decoded. May be empty. Never log it. */
  readonly password: string | undefined;
  /** The host as written, without IPv6 brackets and without the leading `~`. Absent when nothing is left. */
  readonly host: string | undefined;
  /** The port as written, unchecked: digits, a service name, or anything else. May be empty. */
  readonly port: string | undefined;
  /** The text behind the first `/` after the host, not decoded: the node that a link attaches to. May be empty. */
  readonly name: string | undefined;
  /** True if the host began with `~`: an address to listen on, not one to dial. */
  readonly passive: boolean;
}

/** The positions of the parts of an address in its text. */
export interface AddressLayout {
  /** The beginning of user, password, host and port: behind `://`, or 0 without a scheme. */
  readonly start: number;
  /** The position of the first `@` in that part; -1 when the address has neither user nor password. */
  readonly at: number;
  /** The end of that part: the `/` before the name, or the end of the text. */
  readonly end: number;
}

/**
 * Splits an address into its parts. Checks nothing and accepts any scheme or none: `resolveEndpoint` checks.
 * Percent-encoding is decoded in user and password only, so `:`, `@` and `/` there are written `%3A`, `%40`, `%2F`. A
 * `%` without two hex digits behind it stays as it is, and so do encoded bytes that are not UTF-8.
 *
 * Governed by the address rules of Messenger, not by RFC 3986: an IPv6 address without brackets loses its last group
 * to the port, and `?` and `#` mean nothing.
 *
 * @throws AddressError when `text` is empty or not a string.
 */
export function parseAddress(text: string): Address {
  if (typeof text !== 'string' || text === '') {
    throw new AddressError('An address must be text that is not empty, such as amqp://host:5672/name.');
  }
  const { start, at, end } = layoutOf(text);
  const [user, password] = at === -1 ? [undefined, undefined] : splitAtColon(text.slice(start, at));
  const { host, port } = splitHost(text.slice(at === -1 ? start : at + 1, end));
  const passive = host.startsWith('~');
  const bareHost = passive ? host.slice(1) : host;
  return {
    scheme: start === 0 ? undefined : text.slice(0, start - '://'.length),
    user: percentDecode(user),
    password: percentDecode(password),
    host: bareHost === '' ? undefined : bareHost,
    port,
    name: end === text.length ? undefined : text.slice(end + 1),
    passive,
  };
}

/** Finds the parts of an address in its text. Never throws: an empty text has empty parts. */
export function layoutOf(text: string): AddressLayout {
  const firstSlash = text.indexOf('/');
  // A scheme counts only when the first slash of all is the one of its `://`.
  const start = firstSlash > 0 && text.startsWith('://', firstSlash - 1) ? firstSlash + 2 : 0;
  const nameSlash = start === 0 ? firstSlash : text.indexOf('/', start);
  const end = nameSlash === -1 ? text.length : nameSlash;
  const at = text.indexOf('@', start);
  return { start, at: at < end ? at : -1, end };
}

/** An address without its name: up to host and port. It includes the password, if there is one. */
export function baseOf(text: string): string {
  return text.slice(0, layoutOf(text).end);
}

function splitAtColon(userInfo: string): [user: string, password: string | undefined] {
  const colon = userInfo.indexOf(':');
  return colon === -1 ? [userInfo, undefined] : [userInfo.slice(0, colon), userInfo.slice(colon + 1)];
}

function splitHost(text: string): { host: string; port: string | undefined } {
  const bracket = text.startsWith('[') ? text.indexOf(']') : -1;
  const colon = text.lastIndexOf(':');
  // Whatever stands between the bracket and the colon is dropped.
  const hasPort = colon > bracket;
  const host = bracket === -1 ? text.slice(0, hasPort ? colon : undefined) : text.slice(1, bracket);
  return { host, port: hasPort ? text.slice(colon + 1) : undefined };
}

function percentDecode(text: string | undefined): string | undefined {
  return text?.replace(/(?:%[0-9a-f]{2})+/gi, (encoded) => {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return encoded;
    }
  });
}
