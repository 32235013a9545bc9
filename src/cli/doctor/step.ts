/** A check on the way to a peer. */
export interface Step {
  /** The name of the check, such as `TCP`. */
  readonly name: string;
  readonly result: 'good' | 'doubtful' | 'bad';
  /** The findings, as lines. */
  readonly found: readonly string[];
  /** Advice for the user. */
  readonly fix?: string;
  /** The exit code of the command, when it ends here. */
  readonly exitCode?: number;
}

/** A step without a problem. */
export function good(name: string, ...found: string[]): Step {
  return { name, result: 'good', found };
}

/** A failed step, which ends the examination. */
export function bad(name: string, exitCode: number, fix: string, ...found: string[]): Step {
  return { name, result: 'bad', found, fix, exitCode };
}
