/**
 * Makes a reply-to that stands for the sending messenger one that a peer can put to: `~` becomes `amqp://<name>` and
 * `~/rest` becomes `amqp://<name>/rest`. Anything else, `~rest` and `~~` included, is returned unchanged.
 *
 * @param name The messenger's name, which is the container id its peers know it by.
 */
export function expandReplyTo(replyTo: string, name: string): string {
  return replyTo === '~' || replyTo.startsWith('~/') ? `amqp://${name}${replyTo.slice(1)}` : replyTo;
}
