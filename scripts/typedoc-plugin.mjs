// What the site needs beyond the options of typedoc.json.
import { Application, Converter } from 'typedoc';
import { bundle } from './site/bundle.mjs';

/** Called by typedoc. */
export function load(app) {
  app.on(Application.EVENT_BOOTSTRAP_END, () => app.options.setValue('customJs', bundle()));
  // Typedoc writes the name of the project above README; its first heading, which other readers need, would repeat it.
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => dropTitle(project.readme));
  // Modules come in the order of their files otherwise, which puts the main one third.
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => byName(project.categories), LAST);
}

/** After typedoc's own, which makes the categories. */
const LAST = -1000;

/** Orders the modules in the category of their own. */
function byName(categories = []) {
  const reference = categories.find(({ title }) => title === 'Reference');
  reference?.children.sort((one, other) => one.name.localeCompare(other.name));
}

/** Takes the first heading out of a text. */
function dropTitle(parts) {
  const first = parts?.[0];
  if (first?.kind === 'text') first.text = first.text.replace(/^\s*# .*\n/, '');
}
