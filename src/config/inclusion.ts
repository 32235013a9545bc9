const WILDCARDS = /[%*]/;
/** The most pairs of states to visit before giving up. */
const MAX_STATES = 5000;
/** Stands for every character that neither pattern contains. No real pattern contains it. */
const OTHER = '\uffff';

/**
 * True if `wide` matches everything that `narrow` matches. Follows both patterns in parallel, character by character,
 * and searches for a text that only `narrow` matches. Returns false for patterns that would take too long.
 */
export function includes(wide: string, narrow: string): boolean {
  const alphabet = new Set((wide + narrow).split('').filter((character) => !WILDCARDS.test(character)));
  alphabet.add('/').add(OTHER);
  const begin: State = { narrow: closure(narrow, [0]), wide: closure(wide, [0]) };
  const seen = new Set([keyOf(begin)]);
  const queue = [begin];
  for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
    if (state.narrow.includes(narrow.length) && !state.wide.includes(wide.length)) return false;
    for (const character of alphabet) {
      const next: State = { narrow: step(narrow, state.narrow, character), wide: step(wide, state.wide, character) };
      if (next.narrow.length === 0 || seen.has(keyOf(next))) continue;
      if (seen.size >= MAX_STATES) return false;
      seen.add(keyOf(next));
      queue.push(next);
    }
  }
  return true;
}

/** The positions in both patterns that a text may have reached. */
interface State {
  readonly narrow: readonly number[];
  readonly wide: readonly number[];
}

function keyOf(state: State): string {
  return `${state.narrow.join()} ${state.wide.join()}`;
}

/** The positions after one more character. */
function step(pattern: string, places: readonly number[], character: string): readonly number[] {
  const reached = places.flatMap((place) => {
    const symbol = pattern[place];
    if (symbol === '*' || (symbol === '%' && character !== '/')) return [place];
    return symbol === character ? [place + 1] : [];
  });
  return closure(pattern, reached);
}

/** Adds the positions behind wildcards that match nothing. In order, each once. */
function closure(pattern: string, places: readonly number[]): readonly number[] {
  const all = new Set<number>();
  for (let place of places) {
    all.add(place);
    while (place < pattern.length && WILDCARDS.test(pattern[place]!)) all.add(++place);
  }
  return [...all].sort((a, b) => a - b);
}
