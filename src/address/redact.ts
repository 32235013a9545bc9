const HIDDEN = '***@';

/**
 * Makes an address safe for logs and error messages: replaces user and password with `***`, so `amqp://u:p@host/q`
 * becomes `amqp://***@host/q`. Never throws.
 *
 * It hides too much rather than too little, because a password may be badly percent-encoded. When a `:` comes before
 * the last `@`, everything up to that `@` is hidden: for a name with an `@` behind a host with a port, that includes
 * the host. Text without an `@`, or its encoding `%40`, is returned as it is.
 */
export function redact(text: string): string {
  if (typeof text !== 'string') return '';
  // Any other "scheme" may be the beginning of a password with slashes in it.
  const start = /^amqps?:\/\//i.exec(text)?.[0].length ?? 0;
  const rest = text.slice(start);
  const end = credentialsEnd(rest);
  return end === 0 ? text : text.slice(0, start) + HIDDEN + rest.slice(end);
}

function credentialsEnd(rest: string): number {
  const end = afterLastAt(rest);
  if (/:|%3a/i.test(rest.slice(0, end))) return end;
  // Without a colon there is no password, so an `@` behind the slash belongs to the name.
  const slash = rest.indexOf('/');
  return slash === -1 ? end : afterLastAt(rest.slice(0, slash));
}

/** The position behind the last `@`, or 0 when there is none. */
function afterLastAt(text: string): number {
  const encoded = text.lastIndexOf('%40');
  return Math.max(text.lastIndexOf('@') + 1, encoded === -1 ? 0 : encoded + '%40'.length);
}
