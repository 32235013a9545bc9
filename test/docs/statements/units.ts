import { readPage } from '../pages.js';

/** A statement of a page, and the test that shows it. */
export interface Statement {
  /** Words of the page, without what makes them bold or code. */
  readonly says: string;
  /** The file of the test, or of the case of a contract. */
  readonly file: string;
  /** Its title, or the part of one that is the same for all of a series. */
  readonly test: string;
}

/** What of a page states something: its paragraphs, the items of its lists, the rows of its tables. */
export function unitsOf(page: string): string[] {
  const text = readPage(page)
    .replace(/^---\n.*?^---\n/ms, '')
    .replace(/^```.*?^```$/gms, '');
  return text
    .split(/\n\n+/)
    .flatMap((block) => block.split(/\n(?=\||- )/))
    .map(plain)
    .filter((unit) => unit !== '' && !/^#|^[| -]+$/.test(unit));
}

/** Without the marks of Markdown, on one line. */
function plain(text: string): string {
  return text
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/[`*]/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
