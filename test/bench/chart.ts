/** A row of the table of results: how many times better ours is than each rival. */
interface Bars {
  readonly name: string;
  readonly rhea: number;
  readonly proton: number;
}

const LEFT = 190;
const WIDTH = 760;
const BAR = 14;
/** Room at the right for the number behind the longest bar. */
const RIGHT = 70;

const STYLE = `
    :root { --ground: #fff; --text: #1f2328; --soft: #59636e; --rhea: #0969da; --proton: #bf8700; }
    @media (prefers-color-scheme: dark) {
      :root { --ground: #0d1117; --text: #f0f6fc; --soft: #9198a1; --rhea: #388bfd; --proton: #d29922; }
    }
    .ground { fill: var(--ground); }
    .rhea { fill: var(--rhea); }
    .proton { fill: var(--proton); }
    text { fill: var(--text); font: 13px system-ui, 'Segoe UI', sans-serif; }
    .name { text-anchor: end; }
    .soft { fill: var(--soft); }
    line { stroke: var(--soft); stroke-dasharray: 4 3; }
  `;

/**
 * Draws the table of results of the page about benchmarks: for each measurement, how many times better ours is than rhea and
 * than Proton. It is read from the page, so that the two cannot say different things.
 */
export function chart(page: string): string {
  const rows = barsOf(page);
  const longest = Math.max(1, ...rows.flatMap(({ rhea, proton }) => [rhea, proton].filter(Number.isFinite)));
  const scale = (WIDTH - LEFT - RIGHT) / longest;
  let y = 46;
  const drawn = rows.map((row) => {
    const bars = (['rhea', 'proton'] as const).filter((rival) => Number.isFinite(row[rival]));
    const group = bars.map((rival, index) => bar(rival, row[rival], y + index * BAR, scale));
    const middle = y + (bars.length * BAR) / 2 + 4;
    y += bars.length * BAR + 12;
    return `  <text class="name" x="${LEFT - 10}" y="${middle}">${row.name}</text>\n${group.join('\n')}`;
  });
  const one = LEFT + scale;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 6}" role="img" aria-labelledby="title">
  <title id="title">How many times better ours is</title>
  <style>${STYLE}</style>
  <rect class="ground" width="${WIDTH}" height="${y + 6}" rx="8" />
  <rect class="rhea" x="${LEFT}" y="14" width="12" height="12" /><text x="${LEFT + 18}" y="25">ours : rhea</text>
  <rect class="proton" x="${LEFT + 110}" y="14" width="12" height="12" /><text x="${LEFT + 128}" y="25">ours : proton</text>
  <text class="soft" x="${LEFT + 240}" y="25">right of the line, ours is better</text>
${drawn.join('\n')}
  <line x1="${one.toFixed(1)}" x2="${one.toFixed(1)}" y1="38" y2="${y}" />
</svg>
`;
}

function bar(rival: 'rhea' | 'proton', times: number, y: number, scale: number): string {
  const width = (times * scale).toFixed(1);
  const end = (LEFT + Math.max(times, 1) * scale + 6).toFixed(1);
  return (
    `  <rect class="${rival}" x="${LEFT}" y="${y}" width="${width}" height="${BAR - 2}" />` +
    `<text class="soft" x="${end}" y="${y + BAR - 3}">${times.toFixed(2)}</text>`
  );
}

/** The rows of the table under "Results" that compare with anything. */
function barsOf(page: string): Bars[] {
  const table = page.slice(page.indexOf('## Results'), page.indexOf('## Processor time'));
  return Array.from(
    table.matchAll(/^\| `([\w-]+)`.* \| ([\d.]+|–) \| ([\d.]+|–) \|$/gm),
    ([, name = '', rhea, proton]) => ({ name, rhea: Number(rhea), proton: Number(proton) }),
  ).filter(({ rhea, proton }) => Number.isFinite(rhea) || Number.isFinite(proton));
}
