import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { asError } from '../../errors.js';
import { EXIT } from '../exit.js';
import { Deadline } from './deadline.js';
import { bad, good } from './step.js';
import type { Step } from './step.js';

const FIXES: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    'Nothing listens on that port. Check the port (5672 is AMQP, 5671 is AMQP over TLS), and that the broker runs.',
  ETIMEDOUT: 'Packets get no answer. Check host and port, and whether a firewall is in between.',
  EHOSTUNREACH: 'There is no way to that host. Check the network.',
  ENETUNREACH: 'There is no way to that network. Check the network.',
};

/** Resolves the name of a host. */
export async function checkName(host: string, timeout: number): Promise<Step> {
  if (isIP(host) !== 0) return good('DNS', `${host} is an address already`);
  using deadline = new Deadline(timeout);
  try {
    const found = await deadline.bound(lookup(host, { all: true }));
    return good('DNS', `${host} is ${found.map(({ address }) => address).join(', ')}`);
  } catch (error) {
    const fix =
      'Check the spelling of the host. If it is right, ask whoever looks after your DNS, or add it to /etc/hosts.';
    return bad('DNS', EXIT.connection, fix, `${host} cannot be looked up: ${asError(error).message}`);
  }
}

/** Opens a connection and closes it again. */
export async function checkPort(host: string, port: number, timeout: number): Promise<Step> {
  using deadline = new Deadline(timeout);
  try {
    const socket = await dial(host, port, deadline);
    const { remoteAddress = host } = socket;
    socket.destroy();
    return good('TCP', `${remoteAddress} takes connections on port ${port}`);
  } catch (error) {
    const { code = '', message } = errorOf(error);
    const fix = FIXES[code] ?? 'Check host and port, and the network in between.';
    return bad('TCP', EXIT.connection, fix, `${host}, port ${port}, cannot be connected to: ${message}`);
  }
}

/** Opens a connection, which is destroyed at the time limit. Rejects with Node's error, or with `ETIMEDOUT`. */
export async function dial(host: string, port: number, deadline: Deadline): Promise<Socket> {
  const socket = deadline.guard(connect({ host, port }));
  await once(socket, 'connect');
  return socket;
}

/**
 * Returns a thrown value as an error that may have a code of Node. A host with several addresses fails with several
 * errors.
 */
export function errorOf(thrown: unknown): Error & { code?: string } {
  const error = asError(thrown);
  return error instanceof AggregateError && error.errors.length > 0 ? asError(error.errors[0]) : error;
}
