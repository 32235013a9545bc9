const HIDDEN = '***@';

/**
 * An address fit for logs and error messages: user and password give way to `***`, so `amqp://u:p@host/q` becomes
 * `amqp://***@host/q`. Never throws, whatever it is given.
 *
 * It trusts no percent-encoding to be right and hides too much rather than too little. Where a `:` comes before the last
 * `@`, everything up to that `@` may be a badly encoded password and is hidden: the host too, for a name with an `@`
 * after a host with a port. Text without an `@`, or its encoding `%40`, is returned as it is.
 */
export function redact(text: string): string {
  if (typeof text !== 'string') return '';
  // Any other "scheme" may be the head of a password with slashes in it.
  const start = /^amqps?:\/\//i.exec(text)?.[0].length ?? 0;
  const rest = text.slice(start);
  const end = credentialsEnd(rest);
  return end === 0 ? text : text.slice(0, start) + HIDDEN + rest.slice(end);
}

function credentialsEnd(rest: string): number {
  const end = afterLastAt(rest);
  if (/:|%3a/i.test(rest.slice(0, end))) return end;
  // Without a colon there is no password, and an `@` after the slash belongs to the name.
  const slash = rest.indexOf('/');
  return slash === -1 ? end : afterLastAt(rest.slice(0, slash));
}

/** Where the text after the last `@` begins; 0 when there is none. */
function afterLastAt(text: string): number {
  const encoded = text.lastIndexOf('%40');
  return Math.max(text.lastIndexOf('@') + 1, encoded === -1 ? 0 : encoded + '%40'.length);
}
