/** A problem in a configuration file. */
export interface ConfigProblem {
  /** The line, counted from 1. */
  readonly line: number;
  /** The key that has the problem, such as `connections.sasl.user` or `routes[0].pattern`. Empty for the whole file. */
  readonly key: string;
  /** Describes the problem and what to do. It contains no value, which may be a secret. */
  readonly message: string;
}

/** A problem as a line of text: file, line, key and message. */
export function problemText(path: string, { line, key, message }: ConfigProblem): string {
  return `${path}:${line}: ${key === '' ? '' : `${key} `}${message}`;
}
