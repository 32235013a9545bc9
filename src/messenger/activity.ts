/** Tells whether anything has happened since somebody last looked: what `work` waits for. */
export class Activity {
  #hasHappened = false;
  #waiting: ((happened: true) => void)[] = [];

  /** Something has happened. */
  note(): void {
    if (this.#waiting.length === 0) this.#hasHappened = true;
    else for (const tell of this.#waiting.splice(0)) tell(true);
  }

  /** Whether something has happened since the last look. */
  take(): boolean {
    const happened = this.#hasHappened;
    this.#hasHappened = false;
    return happened;
  }

  /** Calls `tell` when something happens next. Returns how to call that off. */
  next(tell: (happened: true) => void): () => void {
    this.#waiting.push(tell);
    return () => (this.#waiting = this.#waiting.filter((other) => other !== tell));
  }
}
