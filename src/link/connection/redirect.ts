import type { Endpoint } from '../../address/endpoint.js';
import { ConnectionError } from '../../errors.js';
import { isHostName, isPort } from './host-name.js';
import type { RheaError } from '../rhea/rhea-seam.js';

/** Redirects followed in a row. More are taken for peers that send us round in circles. */
export const MAX_REDIRECTS = 5;

/** The peer has closed the connection and named another host to go to (AMQP 1.0 §2.8.16). */
export class RedirectError extends ConnectionError {
  constructor(
    /** Where to go. */
    readonly host: string,
    readonly port: number,
  ) {
    super(`The peer sends its clients on to ${host}:${port}.`, { condition: 'amqp:connection:redirect' });
  }

  /** The same endpoint at the other host. TLS stays as it is, whatever the peer says: nobody talks us out of it. */
  apply(endpoint: Endpoint): Endpoint {
    return { ...endpoint, host: this.host, port: this.port };
  }
}

/** The redirect that an error of the peer asks for. `undefined` when it asks for none, or for one that makes no sense. */
export function redirectOf(error: RheaError | undefined): RedirectError | undefined {
  if (error?.condition !== 'amqp:connection:redirect') return undefined;
  const host = error.info?.['network-host'];
  const port = error.info?.['port'];
  return isHostName(host) && isPort(port) ? new RedirectError(host, port) : undefined;
}
