/** One thing that was looked at on the way to a peer. */
export interface Step {
  /** What was looked at, such as `TCP`. */
  readonly name: string;
  readonly result: 'good' | 'doubtful' | 'bad';
  /** What was found, a line each. */
  readonly found: readonly string[];
  /** What to do about it. */
  readonly fix?: string;
  /** The exit code of the command, when it ends here. */
  readonly exitCode?: number;
}

/** A step that found nothing wrong. */
export function good(name: string, ...found: string[]): Step {
  return { name, result: 'good', found };
}

/** A step that ends the examination. */
export function bad(name: string, exitCode: number, fix: string, ...found: string[]): Step {
  return { name, result: 'bad', found, fix, exitCode };
}
