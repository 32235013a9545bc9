// The fields of the page "Try routes". Bundled into the site with the route table, as it is in src.
import { RouteTable } from '../../src/address/route-table.ts';
import { explain } from '../../src/cli/explain-route.ts';

const EXAMPLE = {
  routes: 'orders/%  amqps://user:secret@broker.example.com/orders-$1\n*         amqp://127.0.0.1/$1',
  rewrites: 'orders/%  shop/$1',
  address: 'orders/eu',
};

/**
 * What becomes of an address.
 *
 * @param routes Rules, one a line: a pattern, blanks, and what takes its place.
 * @param rewrites The same; one without a second part removes the address from the message.
 * @returns Names and values to show in order, or what is wrong with a line.
 */
export function tryRoutes({ routes, rewrites, address }) {
  let explanation;
  try {
    explanation = explain(address, tableOf('Routes', routes, false), tableOf('Rewrites', rewrites, true));
  } catch (error) {
    return { error: error.message };
  }
  const { route, destination, connection, problem, rewrite, to } = explanation;
  return {
    rows: [
      ['Route', ruleText(route)],
      ['Leads to', destination],
      ['Connection', connection ?? problem],
      ['Rewrite', rewrite === undefined ? 'none matches: user and password are taken out' : ruleText(rewrite)],
      ['The message says', to ?? 'nothing'],
    ],
    routeLine: lineOf(routes, route),
    rewriteLine: lineOf(rewrites, rewrite),
  };
}

/** The lines that are rules, with their numbers from 1. */
function rulesOf(text) {
  return text
    .split('\n')
    .map((line, index) => ({ number: index + 1, words: line.trim().split(/\s+/) }))
    .filter(({ words }) => words[0] !== '');
}

function tableOf(name, text, removes) {
  const table = new RouteTable();
  for (const { number, words } of rulesOf(text)) {
    const [pattern, address = null, ...others] = words;
    const fault = others.length > 0 ? 'has more than a pattern and an address' : 'has no address behind its pattern';
    if (others.length > 0 || (address === null && !removes)) throw new Error(`${name}, line ${number} ${fault}.`);
    table.add(pattern, address);
  }
  return table;
}

function ruleText(decision) {
  if (decision === undefined) return 'none matches';
  const groups = decision.groups.map((group, index) => `$${index + 1} = ${group}`).join(', ');
  return `${decision.pattern} → ${decision.address ?? 'nothing'}${groups === '' ? '' : `   (${groups})`}`;
}

function lineOf(text, decision) {
  return decision === undefined ? undefined : rulesOf(text)[decision.rule - 1].number;
}

/** Puts the fields into the page, in the place of what it says without them. */
function show(place) {
  const fields = { routes: textarea('Routes', 4), rewrites: textarea('Rewrites', 3), address: input('Address') };
  const result = element('div', { className: 'route-fields-result' });
  result.setAttribute('aria-live', 'polite');
  const update = () => {
    const values = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value]));
    const { error, rows = [], routeLine, rewriteLine } = tryRoutes(values);
    fields.routes.mark(routeLine);
    fields.rewrites.mark(rewriteLine);
    result.replaceChildren(error === undefined ? tableElement(rows) : element('p', { textContent: error }));
  };
  for (const [name, field] of Object.entries(fields)) {
    field.value = EXAMPLE[name];
    field.addEventListener('input', update);
  }
  place.replaceChildren(...Object.values(fields).map((field) => field.label), result);
  update();
}

function textarea(name, rows) {
  const field = element('textarea', { rows, spellcheck: false });
  const marker = element('span', { className: 'route-fields-line' });
  field.mark = (line) => (marker.textContent = line === undefined ? 'no line decides' : `line ${line} decides`);
  return labelled(field, name, marker);
}

function input(name) {
  return labelled(element('input', { spellcheck: false }), name);
}

function labelled(field, name, ...more) {
  field.label = element('label');
  field.label.append(element('strong', { textContent: name }), ...more, field);
  return field;
}

function tableElement(rows) {
  const table = element('table');
  for (const [name, value] of rows) {
    const row = table.insertRow();
    row.append(element('th', { textContent: name, scope: 'row' }), element('td', { textContent: value }));
  }
  return table;
}

function element(name, properties = {}) {
  return Object.assign(document.createElement(name), properties);
}

const place = globalThis.document?.getElementById('route-fields');
if (place) show(place);
