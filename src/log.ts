import debug from 'debug';
import { printable } from './printable.js';

/**
 * Debug output, off unless the `DEBUG` environment variable names it, such as `DEBUG=amqp-messenger:*`.
 * Whatever is given to a logger must be free of credentials: log redacted addresses, never options. What strangers have said
 * is shown without control characters.
 */
export interface Logger {
  (format: string, ...values: unknown[]): void;
  /** Whether `DEBUG` names it. What costs something to say is not to be worked out unless it does. */
  readonly enabled: boolean;
}

/** The logger of one part of the package, under the namespace `amqp-messenger:<part>`. */
export function logger(part: 'connection' | 'acceptor' | 'link' | 'frame' | 'messenger' | 'broker'): Logger {
  const log = debug(`amqp-messenger:${part}`);
  const write = (format: string, ...values: unknown[]): void => {
    if (log.enabled) log(format, ...values.map((value) => (typeof value === 'string' ? printable(value) : value)));
  };
  return Object.defineProperties(write, { enabled: { get: () => log.enabled } }) as Logger;
}
