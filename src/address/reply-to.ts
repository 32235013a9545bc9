import { defaultRewrite } from './default-rewrite.js';

/**
 * True if an address from a peer names a host, and not only a node. Brokers name nodes with schemes of their own, such as
 * `temp-queue://ID:1` or `amqp:/_topo/0`, which no other host has.
 */
export function namesHost(address: string): boolean {
  return /^amqps?:\/\//i.test(address);
}

/**
 * Makes a reply-to fit for peers. `~`, the sending messenger, becomes `amqp://<name>`, and `~/rest` becomes
 * `amqp://<name>/rest`. User and password are removed from an address with a scheme, because every reader of the
 * message could read them. Anything else is returned unchanged, including `~rest`, `~~` and names with an `@`.
 *
 * @param name The name of the messenger, which peers know as its container-id.
 */
export function expandReplyTo(replyTo: string, name: string): string {
  if (replyTo === '~' || replyTo.startsWith('~/')) return `amqp://${name}${replyTo.slice(1)}`;
  return replyTo.includes('@') && /^[a-z][a-z0-9+.-]*:\/\//i.test(replyTo) ? defaultRewrite(replyTo) : replyTo;
}
