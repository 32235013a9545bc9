/**
 * The hard limits as a table, with their values from the code. Run as a program, it writes the table into `SECURITY.md`;
 * `test/docs/limits.test.ts` fails when that is not what the code says, or when a test that it names is not there.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { resolveBrokerOptions } from '../../src/broker/broker-options.js';
import { MAX_BODY_VALUES, MAX_DEPTH, MAX_PERFORMATIVE_ELEMENTS, MAX_VALUES } from '../../src/codec/limits.js';
import { MAX_SASL_FRAME } from '../../src/link/security/sasl-server.js';
import { CREDIT_TOLERANCE } from '../../src/link/session/link-credit.js';
import { ByteBudget } from '../../src/link/wire/byte-budget.js';
import { MAX_CONTROL_FRAME_SIZE } from '../../src/link/wire/limits.js';
import { HOLD_UP } from '../../src/link/wire/socket-writer.js';
import { resolveOptions } from '../../src/messenger/options/settings.js';

/** One limit: what it is of, how much by default, what comes of more, and the test that shows it. */
interface Limit {
  readonly of: string;
  readonly value: string;
  readonly beyond: string;
  readonly file: string;
  readonly title: string;
}

const page = fileURLToPath(new URL('../../SECURITY.md', import.meta.url));
const BEGIN = '<!-- The table is written by test/docs/limits.ts. -->\n';
const END = '<!-- The table ends here. -->\n';

function size(bytes: number): string {
  if (bytes % (1 << 20) === 0) return `${bytes >>> 20} MiB`;
  return bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `${bytes} bytes`;
}

const { maxFrameSize, maxMessageSize, idleTimeout, connectTimeout, maxIncoming, listen } = resolveOptions({});
const broker = resolveBrokerOptions({});
const connection = ByteBudget.of(maxIncoming.bytes, maxMessageSize).part(maxMessageSize).limit;
const seconds = (milliseconds: number): string => `${milliseconds / 1000} s`;

export const LIMITS: readonly Limit[] = [
  {
    of: 'a SASL frame, before login',
    value: size(MAX_SASL_FRAME),
    beyond: 'the connection ends',
    file: 'test/loopback/broker-authentication.test.ts',
    title: 'ends for a client that %s',
  },
  {
    of: 'time to log in and open (`connectTimeout`)',
    value: `${seconds(connectTimeout)}; embedded broker ${seconds(broker.connectTimeout)}`,
    beyond: 'the connection is cut',
    file: 'test/loopback/listening.test.ts',
    title: 'disconnects a peer that does not authenticate in time',
  },
  {
    of: 'connections (`maxConnections`)',
    value: `${listen.maxConnections}`,
    beyond: 'others are dropped',
    file: 'test/loopback/listening.test.ts',
    title: 'drops connections beyond its number',
  },
  {
    of: 'connections of one host (`maxConnectionsPerHost`)',
    value: `${listen.maxConnectionsPerHost}`,
    beyond: 'others are dropped',
    file: 'test/loopback/listening.test.ts',
    title: 'leaves half of its places to other hosts',
  },
  {
    of: 'sessions, and links, of a connection (`maxSessions`, `maxLinks`)',
    value: `${listen.maxSessions}, ${listen.maxLinks}`,
    beyond: 'the connection ends; a link is refused',
    file: 'test/loopback/listening.test.ts',
    title: 'refuses links beyond the limit, and disconnects a peer that goes on attaching',
  },
  {
    of: 'a frame (`maxFrameSize`)',
    value: size(maxFrameSize),
    beyond: 'the connection ends before it is kept',
    file: 'test/loopback/hostile-peer.test.ts',
    title: 'with a frame that is too large: it is refused before it is kept',
  },
  {
    of: 'a frame that is neither transfer nor disposition',
    value: `${size(MAX_CONTROL_FRAME_SIZE)}, ${MAX_PERFORMATIVE_ELEMENTS} elements`,
    beyond: 'the connection ends',
    file: 'test/unit/link/frame-gate.test.ts',
    title: 'feeds rhea no control frame of more than 64 KiB (%i byte more)',
  },
  {
    of: 'a message (`maxMessageSize`)',
    value: size(maxMessageSize),
    beyond: 'its link ends',
    file: 'test/loopback/hostile-peer.test.ts',
    title: 'with a message of endless frames: the link is closed and the connection goes on',
  },
  {
    of: 'messages that are not whole, or beyond the credit, of a connection',
    value: size(connection),
    beyond: 'the link ends',
    file: 'test/loopback/held-bytes.test.ts',
    title: 'hold no more bytes than maxIncoming, over all links and connections of a messenger',
  },
  {
    of: 'the same over all connections (`maxIncoming`, `maxTotalBytes`)',
    value: `${size(maxIncoming.bytes)}; embedded broker ${size(broker.maxTotalBytes)}`,
    beyond: 'the link ends',
    file: 'test/loopback/held-bytes.test.ts',
    title: 'hold no more bytes than maxIncoming until they are got',
  },
  {
    of: 'messages beyond the credit of a link',
    value: `${CREDIT_TOLERANCE}`,
    beyond: 'the connection ends',
    file: 'test/loopback/hostile-peer.test.ts',
    title: 'thousands of messages without credit',
  },
  {
    of: 'answers that the peer does not read',
    value: size(HOLD_UP),
    beyond: `nothing is read from it, and after twice ${seconds(idleTimeout)} it is cut`,
    file: 'test/loopback/unread-answers.test.ts',
    title: 'gets no answers to pile up, and is cut off',
  },
  {
    of: 'values of a body, and of any other section',
    value: `${MAX_BODY_VALUES}, ${MAX_VALUES}`,
    beyond: 'reading it is a `DecodeError`',
    file: 'test/unit/codec/value-limits.test.ts',
    title: 'may have a body of two million values, and no more',
  },
  {
    of: 'depth of values',
    value: `${MAX_DEPTH}`,
    beyond: 'a `DecodeError`; in a control frame the connection ends',
    file: 'test/loopback/hostile-peer.test.ts',
    title: 'lists nested without end',
  },
];

/** A page with the table as it has to be. */
export function withTable(text: string): string {
  const rows = LIMITS.map(
    ({ of, value, beyond, file, title }) => `| ${of} | ${value} | ${beyond} | ${title} (\`${file}\`) |\n`,
  );
  const table = `| limit of | default | what is beyond it | test |\n|---|---|---|---|\n${rows.join('')}`;
  const [before = '', rest = ''] = text.split(BEGIN);
  const after = rest.slice(rest.indexOf(END));
  return `${before}${BEGIN}\n${table}\n${after}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, withTable(readFileSync(page, 'utf8')));
