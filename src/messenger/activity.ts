/** Notes activity of a messenger since the last call of `work`, which waits for it. */
export class Activity {
  #hasHappened = false;
  #waiting: ((happened: true) => void)[] = [];

  /** Notes an activity, and wakes the calls that wait for one. */
  note(): void {
    if (this.#waiting.length === 0) this.#hasHappened = true;
    else for (const tell of this.#waiting.splice(0)) tell(true);
  }

  /** Returns true if there was an activity since the last call. */
  take(): boolean {
    const happened = this.#hasHappened;
    this.#hasHappened = false;
    return happened;
  }

  /** Calls `tell` at the next activity. Returns a function that cancels it. */
  next(tell: (happened: true) => void): () => void {
    this.#waiting.push(tell);
    return () => (this.#waiting = this.#waiting.filter((other) => other !== tell));
  }
}
