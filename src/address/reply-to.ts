import { defaultRewrite } from './default-rewrite.js';

/** Whether a reply-to says which host to go to, and is not just the name of a node. */
export function namesHost(replyTo: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(replyTo);
}

/**
 * Makes a reply-to one that peers can be given: `~`, which stands for the sending messenger, becomes `amqp://<name>`, and
 * `~/rest` becomes `amqp://<name>/rest`; user and password are cut out of an address with a scheme, since everybody who
 * reads the message could read them. Anything else, `~rest`, `~~` and names with an `@` included, is returned unchanged.
 *
 * @param name The messenger's name, which is the container id its peers know it by.
 */
export function expandReplyTo(replyTo: string, name: string): string {
  if (replyTo === '~' || replyTo.startsWith('~/')) return `amqp://${name}${replyTo.slice(1)}`;
  return replyTo.includes('@') && namesHost(replyTo) ? defaultRewrite(replyTo) : replyTo;
}
