import { isDeepStrictEqual } from 'node:util';
import { EventParser } from '../../src/channels/event-parser.js';
import type { ServerSentEvent } from '../../src/channels/event-parser.js';
import { CommandError } from '../../src/cli/exit.js';
import { messageFromJson } from '../../src/cli/message-json.js';
import { readConfig } from '../../src/config/read-config.js';
import { readCommand } from '../../src/control/command.js';
import { readObject } from '../../src/control/json-line.js';
import { LegacyError } from '../../src/control/legacy-error.js';
import { readLegacyRequest } from '../../src/control/legacy-request.js';
import { LineSplitter } from '../../src/control/line-splitter.js';
import {
  ConfigError,
  EncodeError,
  InvalidMessageFormatError,
  MessagingError,
  ProtocolError,
} from '../../src/errors.js';
import { messageBytes } from '../unit/codec/support.js';
import { expectThat, pieces, refusable } from './target.js';
import type { Target } from './target.js';

const texts = (...all: string[]): Buffer[] => all.map((text) => Buffer.from(text));
const JSON_TOKENS = texts(
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  'null',
  '1e309',
  '"__proto__":',
  '\\u0000',
  '\ud800',
  '-0',
);

const events: Target = {
  name: 'sse',
  seeds: texts(
    'data: a\n\n',
    'event: e\r\nid: 1\r\ndata: a\r\ndata: b\r\n\r\n',
    ': c\nretry: 10\nid\ndata\n\n',
    '\ufeffdata:x\r\r',
  ),
  tokens: texts('data:', 'event:', 'id:', 'retry:', ':', '\r\n', '\n\n', '\r', '\ufeff', '\0', 'é', '😀'),
  run(input) {
    const parse = (chunks: Iterable<Buffer>): ServerSentEvent[] | undefined =>
      refusable(() => {
        const parser = new EventParser({ maxEventSize: 512 });
        return [...chunks].flatMap((chunk) => parser.push(chunk));
      }, InvalidMessageFormatError);
    const whole = parse([input]);
    const cut = parse(pieces(input));
    expectThat(isDeepStrictEqual(whole, cut), 'Events depend on how the stream is cut.');
    for (const { type, lastEventId } of whole ?? []) {
      expectThat(!/[\r\n]/.test(type + lastEventId), 'An event name or id has a line end in it.');
    }
  },
};

const control: Target = {
  name: 'control',
  seeds: texts(
    '{"id":1,"verb":"create","channel":"c"}\n',
    '{"id":2,"verb":"dispatch","channel":"c","listener":"l","type":"t","payload":{"a":1}}\r\n',
    '{"id":3,"verb":"watch","channel":"c","options":{"id":"i","capacity":5}}\n',
    '{"verb":"broadcast","channel":"c","type":"t"}\n',
    '{"cmd":"register","args":["a"]}',
  ),
  tokens: [...JSON_TOKENS, ...texts('\n', '\r\n', '"verb":', '"listen"', '"register"', '"channel":', '"options":{}')],
  run(input) {
    const split = (chunks: Iterable<Buffer>): Buffer[] | undefined =>
      refusable(() => {
        const splitter = new LineSplitter(512);
        const lines = [...chunks].flatMap((chunk) =>
          [...splitter.push(Buffer.from(chunk))].map((line) => Buffer.from(line)),
        );
        return [...lines, splitter.rest()];
      }, ProtocolError);
    const lines = split([input]);
    expectThat(isDeepStrictEqual(lines, split(pieces(input))), 'Lines depend on how the stream is cut.');
    for (const line of lines ?? []) {
      refusable(() => readCommand(readObject(line)), MessagingError);
      refusable(() => readLegacyRequest(line), LegacyError);
    }
  },
};

const configuration: Target = {
  name: 'configuration',
  seeds: texts(
    'name: a\nroutes:\n  - pattern: a/*\n    address: amqp://h/$1\nrewrites:\n  - pattern: "*"\n    address: null\n',
    'connections:\n  sasl: { user: ${USER:-guest}, password: ${PASSWORD} }\n  hosts: [h1, h2]\n  timeout: 5000\n',
    'profiles:\n  a:\n    connections: { tls: { ca: x } }\nconnections: { maxIncoming: { bytes: 5 } }\n',
    '{"name":"a","routes":[]}',
  ),
  tokens: texts(
    '\n',
    ': ',
    '- ',
    '  ',
    '[',
    ']',
    '{',
    '}',
    '&a',
    '*a',
    '!!js',
    '|\n',
    '"',
    "'",
    '${A}',
    '${A:-',
    '}',
    '#',
    '__proto__:',
    '<<:',
    '\t',
  ),
  run(input) {
    // As the reader of files does: text that is not UTF-8 is refused before.
    const text = input.toString();
    const env = { USER: 'u', PASSWORD: 'p', A: 'a' };
    for (const profile of [undefined, 'a']) {
      refusable(() => readConfig(text, '/etc/a.yaml', profile, env), ConfigError);
    }
    expectThat(Object.keys(Object.prototype).length === 0, 'A configuration has changed the prototype of all objects.');
  },
};

const jsonLines: Target = {
  name: 'json-lines',
  seeds: texts(
    '{"body":"hello"}',
    '{"subject":"s","id":"1","durable":true,"ttl":5,"properties":{"a":1},"body":{"x":[1,null]}}',
    '{"body":"aGk=","bodyType":"data","bodyEncoding":"base64","creationTime":"2020-01-01T00:00:00Z"}',
    '{"body":[[1],[2]],"bodyType":"sequence","annotations":{"x-opt-a":"b"},"userId":"dQ=="}',
  ),
  tokens: [...JSON_TOKENS, ...texts('"bodyType":"data"', '"bodyEncoding":"base64"', '"properties":{', '"expiryTime":')],
  run(input) {
    const message = refusable(() => messageFromJson(input.toString(), 'line 1'), CommandError);
    if (message !== undefined) refusable(() => messageBytes(message), EncodeError);
  },
};

export const TEXT_TARGETS: readonly Target[] = [events, control, configuration, jsonLines];
