/** How many events a stream may send before the client allows more. */
export class Credit {
  #left: number;
  #resume: (() => void) | undefined;

  /** @param left - How many to begin with; `Infinity` for no limit. */
  constructor(left: number) {
    this.#left = left;
  }

  /** Allows more. */
  add(count: number): void {
    this.#left += count;
    this.#resume?.();
  }

  /** Takes one, waiting for it if need be. Resolves with false when the signal is aborted first. One call at a time. */
  async take(signal: AbortSignal): Promise<boolean> {
    while (this.#left < 1 && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#resume = (): void => {
          signal.removeEventListener('abort', this.#resume!);
          this.#resume = undefined;
          resolve();
        };
        signal.addEventListener('abort', this.#resume);
      });
    }
    if (signal.aborted) return false;
    this.#left--;
    return true;
  }
}
