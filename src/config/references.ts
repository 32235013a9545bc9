/** The deepest that defaults may be nested. */
const MAX_DEPTH = 16;

/**
 * The tokens of a text: `$${`, which stands for `${`; `${NAME}`; the beginning of `${NAME:-default}`; an invalid
 * beginning; and `}`, which ends a default.
 */
const TOKEN = /\$\$\{|\$\{(?:([A-Za-z_]\w*)(\}|:-))?|\}/g;

/** A reference to a variable, with its default for when the variable is not set or empty. */
interface Reference {
  readonly name: string;
  readonly standard: Part[] | undefined;
}

type Part = string | Reference;

/** The reason why a text cannot be filled in. The message continues a sentence that begins with its key. */
export class FillInError extends Error {}

const WITHOUT_NAME = 'has ${ without a name and }. Write ${NAME} or ${NAME:-default}, and $${ for ${ itself.';

/**
 * Fills in `${NAME}` and `${NAME:-default}`, where the default may contain references. As in a shell, the default also
 * replaces an empty value, and is evaluated only when it is needed. References in filled-in values are not evaluated.
 *
 * @param env The values of the variables.
 * @param written Converts a value before it is filled in.
 * @throws FillInError when the text is invalid, or a variable is not set.
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

/** Splits a text into its parts. */
function partsOf(text: string): Part[] {
  const all: Part[] = [];
  /** The open lists of parts: of the text itself, and of the defaults that have begun and not ended. */
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
