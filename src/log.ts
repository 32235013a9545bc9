import debug from 'debug';

/**
 * Debug output, off unless the `DEBUG` environment variable names it, such as `DEBUG=amqp-messenger:*`.
 * Whatever is given to a logger must be free of credentials: log redacted addresses, never options.
 */
export interface Logger {
  (format: string, ...values: unknown[]): void;
  /** Whether `DEBUG` names it. What costs something to say is not to be worked out unless it does. */
  readonly enabled: boolean;
}

/** The logger of one part of the package, under the namespace `amqp-messenger:<part>`. */
export function logger(part: 'connection' | 'acceptor' | 'link' | 'frame' | 'messenger' | 'broker'): Logger {
  return debug(`amqp-messenger:${part}`);
}
