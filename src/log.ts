import debug from 'debug';
import { printable } from './printable.js';

/**
 * Debug output, off unless the `DEBUG` environment variable names it, such as `DEBUG=amqp-messenger:*`. Never log
 * credentials: log redacted addresses, and no options. Text from peers is shown without control characters.
 */
export interface Logger {
  (format: string, ...values: unknown[]): void;
  /** True if `DEBUG` names it. Check it before computing expensive arguments. */
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
