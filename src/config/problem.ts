/** Something in a configuration file that is not right. */
export interface ConfigProblem {
  /** The line it stands on, from 1. */
  readonly line: number;
  /** The key it is about, such as `connections.sasl.user` or `routes[0].pattern`. Empty for the file as a whole. */
  readonly key: string;
  /** What is wrong, and what to do. It repeats no value: that may be a secret. */
  readonly message: string;
}

/** A problem as a line for people: file, line, key, and what is wrong. */
export function problemText(path: string, { line, key, message }: ConfigProblem): string {
  return `${path}:${line}: ${key === '' ? '' : `${key} `}${message}`;
}
