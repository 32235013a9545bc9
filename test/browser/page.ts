/** A page that counts what an EventSource gets: numbers in `data.n`, and how often it was told to begin anew. */
export const PAGE = `<!doctype html>
<title>Channel</title>
<style>
  body { font: 16px/1.5 sans-serif; margin: 3em; color: #223 }
  dt { color: #667 } dd { margin: 0 0 1em; font-size: 2em }
</style>
<h1>Events from a broker</h1>
<dl>
  <dt>received</dt><dd id="received">0</dd>
  <dt>out of order or twice</dt><dd id="wrong">0</dd>
  <dt>connections</dt><dd id="connections">0</dd>
  <dt>resync</dt><dd id="resyncs">0</dd>
  <dt>state</dt><dd id="state">waiting</dd>
</dl>
<script>
  const counts = { received: 0, wrong: 0, connections: 0, resyncs: 0, last: -1, state: 'waiting' };
  const show = () => {
    for (const [name, value] of Object.entries(counts)) {
      const element = document.getElementById(name);
      if (element) element.textContent = value;
    }
    requestAnimationFrame(show);
  };
  const source = new EventSource('/events');
  source.onopen = () => { counts.connections++; counts.state = 'open'; };
  source.onerror = () => { counts.state = source.readyState === EventSource.CLOSED ? 'closed' : 'away'; };
  source.addEventListener('n', ({ data }) => {
    const { n } = JSON.parse(data);
    if (n !== counts.last + 1) counts.wrong++;
    counts.last = n;
    counts.received++;
  });
  source.addEventListener('resync', () => counts.resyncs++);
  source.addEventListener('_eric_channel_closed', () => { counts.state = 'told the end'; });
  show();
</script>`;

/** What the page counts. */
export interface Counts {
  readonly received: number;
  /** Events that did not come right after the one before. */
  readonly wrong: number;
  readonly connections: number;
  readonly resyncs: number;
  readonly last: number;
  readonly state: string;
}
