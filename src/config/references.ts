/** How deep defaults may be nested. */
const MAX_DEPTH = 16;

/**
 * What a text is made of: `$${`, which stands for `${`; `${NAME}`; the beginning of `${NAME:-default}`; what only looks
 * like a beginning; and `}`, which is the end of a default inside of one.
 */
const TOKEN = /\$\$\{|\$\{(?:([A-Za-z_]\w*)(\}|:-))?|\}/g;

/** A reference, and what stands for it when the variable is not set or empty. */
interface Reference {
  readonly name: string;
  readonly standard: Part[] | undefined;
}

type Part = string | Reference;

/** What a text could not be filled in for, in words that go on after its key. */
export class FillInError extends Error {}

const WITHOUT_NAME = 'has ${ without a name and }. Write ${NAME} or ${NAME:-default}, and $${ for ${ itself.';

/**
 * Fills in `${NAME}` and `${NAME:-default}`, where the default may have references of its own. As in a shell, a default is
 * for what is empty too, and is not looked at when it is not needed. What comes from outside is not looked at again.
 *
 * @param env What the names stand for.
 * @param written How what is filled in is written.
 * @throws FillInError when the text has no right form, or a variable is not set.
 */
export function fillReferences(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
  written: (value: string) => string,
): string {
  return partsOf(text)
    .map((part) => (typeof part === 'string' ? part : written(valueOf(part, env))))
    .join('');
}

function valueOf({ name, standard }: Reference, env: Readonly<Record<string, string | undefined>>): string {
  // Every object has a toString.
  const value: unknown = env[name];
  if (typeof value === 'string' && (value !== '' || standard === undefined)) return value;
  if (standard !== undefined) {
    return standard.map((part) => (typeof part === 'string' ? part : valueOf(part, env))).join('');
  }
  throw new FillInError(
    `needs the environment variable ${name}, which is not set. Set it, or write \${${name}:-default}.`,
  );
}

/** Takes a text apart, from left to right and once. */
function partsOf(text: string): Part[] {
  const all: Part[] = [];
  /** What is being read: the text itself, and the defaults that have begun and not ended. */
  const open = [all];
  let parts = all;
  let from = 0;
  for (const { 0: token, 1: name, 2: end, index } of text.matchAll(TOKEN)) {
    if (token === '}' && open.length === 1) continue;
    parts.push(text.slice(from, index));
    from = index + token.length;
    if (token === '$${') parts.push('${');
    else if (token === '}') open.pop();
    else if (name === undefined) throw new FillInError(WITHOUT_NAME);
    else if (end === '}') parts.push({ name, standard: undefined });
    else {
      if (open.length > MAX_DEPTH) throw new FillInError(`has defaults nested more than ${MAX_DEPTH} deep.`);
      const standard: Part[] = [];
      parts.push({ name, standard });
      open.push(standard);
    }
    parts = open.at(-1) ?? all;
  }
  if (open.length > 1) throw new FillInError('has ${NAME:- without the } that ends its default.');
  all.push(text.slice(from));
  return all;
}
