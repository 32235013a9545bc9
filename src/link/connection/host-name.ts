/** The longest name that DNS has, in characters. */
const LONGEST_NAME = 253;

const HIGHEST_PORT = 65_535;

/** Whether what a peer has named as a host could be one. What could not is dialled by nobody and printed nowhere. */
export function isHostName(host: unknown): host is string {
  return typeof host === 'string' && host.length <= LONGEST_NAME && /^[\p{L}\p{N}._:-]+$/u.test(host);
}

/** Whether what a peer has named as a port is one. */
export function isPort(port: unknown): port is number {
  return typeof port === 'number' && Number.isInteger(port) && port > 0 && port <= HIGHEST_PORT;
}
