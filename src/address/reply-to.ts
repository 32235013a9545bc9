import { defaultRewrite } from './default-rewrite.js';

/** True if a reply-to names a host, and not only a node. */
export function namesHost(replyTo: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(replyTo);
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
  return replyTo.includes('@') && namesHost(replyTo) ? defaultRewrite(replyTo) : replyTo;
}
