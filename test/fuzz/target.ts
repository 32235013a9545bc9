/** What is given inputs: one decoder, parser or reader of the project. */
export interface Target {
  readonly name: string;
  /** Inputs to begin with, besides those of the corpus. */
  readonly seeds: readonly Buffer[];
  /** Pieces that mean something to it. */
  readonly tokens: readonly Buffer[];
  /** Takes an input. Throws when it does something else than to understand it or to refuse it with an error of its own. */
  readonly run: (input: Buffer) => void | Promise<void>;
}

/** Runs what may refuse its input. Returns `undefined` for an error of one of the classes; any other is a finding. */
export function refusable<Result>(
  run: () => Result,
  ...errors: readonly (abstract new (...parameters: never[]) => Error)[]
): Result | undefined {
  try {
    return run();
  } catch (thrown) {
    if (errors.some((error) => thrown instanceof error)) return undefined;
    throw thrown;
  }
}

/** Fails when something does not hold. */
export function expectThat(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

/** Cuts bytes into pieces whose sizes the bytes themselves say, so that the same input is always cut the same way. */
export function* pieces(input: Buffer): Generator<Buffer, void, undefined> {
  for (let at = 0, size = 1; at < input.length; at += size) {
    size = 1 + ((input[at]! * 7 + at) % 23);
    yield input.subarray(at, at + size);
  }
}
