import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';

/**
 * Which characters of the project's source have run, as V8 counts them. It is looked at after each batch of inputs, and
 * says whether one of them went where none had gone before.
 */
export class Coverage {
  readonly #session = new Session();
  readonly #reached = new Map<string, Uint8Array>();

  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  async stop(): Promise<void> {
    await this.#session.post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }

  /**
   * Looks at what has run since the last call.
   *
   * @param remembers Whether it counts as known from now on.
   * @returns How many characters had never run before.
   */
  async take(remembers: boolean): Promise<number> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    let found = 0;
    for (const script of result) {
      const isOurs = /\/src\/[^?]*\.ts/.test(script.url) && !script.url.includes('node_modules');
      if (isOurs) found += this.#add(script, remembers);
    }
    return found;
  }

  /** How many characters of how many have run, of the scripts of which any has. */
  total(): { reached: number; of: number } {
    let [reached, of] = [0, 0];
    for (const marks of this.#reached.values()) {
      of += marks.length;
      for (const mark of marks) reached += mark;
    }
    return { reached, of };
  }

  #add({ url, functions }: Profiler.ScriptCoverage, remembers: boolean): number {
    const length = Math.max(...functions.flatMap(({ ranges }) => ranges.map(({ endOffset }) => endOffset)));
    const known = this.#reached.get(url);
    const marks = known !== undefined && known.length >= length ? known : new Uint8Array(length);
    if (known !== undefined && marks !== known) marks.set(known);
    this.#reached.set(url, marks);
    // Ranges nest, and an inner one says more than the one around it.
    const now = new Uint8Array(length);
    for (const { ranges } of functions) {
      for (const { startOffset, endOffset, count } of ranges) now.fill(count > 0 ? 1 : 0, startOffset, endOffset);
    }
    let found = 0;
    for (let at = 0; at < length; at++) {
      if (now[at] === 0 || marks[at] === 1) continue;
      found++;
      if (remembers) marks[at] = 1;
    }
    return found;
  }
}
