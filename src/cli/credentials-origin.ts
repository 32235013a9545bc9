import type { Endpoint } from '../address/endpoint.js';
import type { SaslOptions } from '../link/security/credentials.js';
import type { ConnectionOptions } from './connection-options.js';

/**
 * Describes where the password or token for an endpoint comes from; `undefined` when there is none. It uses the order
 * of `saslFor` and `saslAt`: first the address, then the command line, the environment, and the configuration.
 */
export function credentialsOrigin(
  endpoint: Endpoint,
  configured: SaslOptions | undefined,
  { user, passwordFile }: ConnectionOptions,
): string | undefined {
  if (endpoint.password !== undefined) return 'the address';
  const optionUser = user ?? process.env['AMQP_MESSENGER_USER'] ?? configured?.user;
  if (endpoint.user !== undefined && optionUser !== undefined && optionUser !== endpoint.user) return undefined;
  if (passwordFile !== undefined) return '--password-file';
  if (process.env['AMQP_MESSENGER_PASSWORD'] !== undefined) return 'AMQP_MESSENGER_PASSWORD';
  const key = (['token', 'password', 'passwordFile'] as const).find((name) => configured?.[name] !== undefined);
  if (key === undefined || (key === 'token' && endpoint.user !== undefined)) return undefined;
  return `the configuration (connections.sasl.${key})`;
}
