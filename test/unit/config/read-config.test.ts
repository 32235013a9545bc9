import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/read-config.js';
import { FillInError, fillReferences } from '../../../src/config/references.js';
import { folderWith, read, refusal } from './support.js';

describe('a configuration', () => {
  it('may be empty', () => {
    expect(read('')).toMatchObject({ options: {}, routes: [], rewrites: [], warnings: [] });
    expect(read('# nothing\n')).toMatchObject({ options: {} });
  });

  it('has routes, rewrites and settings of connections', () => {
    const config = read(`
name: orders
routes:
  - { pattern: orders/%, address: amqp://a.example.com/orders-$1 }
  - pattern: "*"
    address: amqp://b.example.com/$1
rewrites:
  - { pattern: secret/*, address: null }
connections:
  hosts: { a.example.com: [b.example.com, "c.example.com:5673"] }
  outgoingWindow: 10
  reconnect: { retries: 3 }
  sasl: { user: me, mechanisms: [PLAIN] }
`);
    expect(config.options).toEqual({
      name: 'orders',
      failover: { 'a.example.com': ['b.example.com', 'c.example.com:5673'] },
      outgoingWindow: 10,
      reconnect: { retries: 3 },
      sasl: { user: 'me', mechanisms: ['PLAIN'] },
    });
    expect(config.routes).toEqual([
      { pattern: 'orders/%', address: 'amqp://a.example.com/orders-$1' },
      { pattern: '*', address: 'amqp://b.example.com/$1' },
    ]);
    expect(config.rewrites).toEqual([{ pattern: 'secret/*', address: null }]);
    expect(config.lines).toEqual({ routes: [4, 5], rewrites: [8] });
  });

  it('may be JSON', () => {
    const config = read('{\n\t"$schema": "x.json",\n\t"routes": [ { "pattern": "a", "address": "amqp://h/a" } ]\n}');
    expect(config.routes).toEqual([{ pattern: 'a', address: 'amqp://h/a' }]);
  });
});

describe('a profile', () => {
  const text = `
routes:
  - { pattern: orders/%, address: amqp://live.example.com/$1 }
connections: { outgoingWindow: 10, sasl: { user: live, password: "\${LIVE}" } }
profiles:
  dev:
    routes: [{ pattern: orders/%, address: "amqp://127.0.0.1/$1" }]
    connections: { sasl: { user: dev, password: dev } }
  empty: {}
`;

  it('overrides the other settings, and its rules precede the other rules', () => {
    const config = read(text, {}, 'dev');
    expect(config.options).toEqual({ outgoingWindow: 10, sasl: { user: 'dev', password: 'dev' } });
    expect(config.routes.map(({ address }) => address)).toEqual(['amqp://127.0.0.1/$1', 'amqp://live.example.com/$1']);
    expect(config.profile).toBe('dev');
  });

  it('needs no secret that it replaces, and only the chosen one needs its own', () => {
    expect(read(text, { LIVE: 'x' }, 'empty').options.sasl?.password).toBe('x');
    expect(refusal(text)).toEqual([
      '/etc/a.yaml:4: connections.sasl.password needs the environment variable LIVE, which is not set. ' +
        'Set it, or write ${LIVE:-default}.',
    ]);
  });

  it('removes settings with null: a mapping, a key in one, a rule in a list', () => {
    const base = `
name: live
routes: [{ pattern: a, address: amqp://h/a }]
connections:
  timeout: 5
  sasl: { user: u, password: "\${LIVE}" }
  reconnect: { delay: 5, retries: 2 }
  hosts: { h: [one], i: [two] }
  listen: { users: { u: p, v: q } }
profiles:
  some:
    name: null
    routes: ~
    connections:
      timeout:
      sasl: null
      reconnect: { retries: null }
      hosts: { h: null }
      listen: { users: { u: null } }
      maxOutgoing: { bytes: null, messages: 5 }
  all: { connections: null }
`;
    const { options, routes } = read(base, {}, 'some');
    expect(options).toEqual({
      reconnect: { delay: 5 },
      failover: { i: ['two'] },
      listen: { users: { v: 'q' } },
      maxOutgoing: { messages: 5 },
    });
    expect(routes).toEqual([]);
    expect(read(base, {}, 'all').options).toEqual({ name: 'live' });
    expect(refusal('profiles: { p: { connections: { sals: null } } }')).toEqual([
      '/etc/a.yaml:1: profiles.p.connections.sals is not a known key. Did you mean sasl?',
    ]);
    expect(refusal('profiles: { p: { routes: [{ pattern: a, address: null }] } }')).toEqual([
      '/etc/a.yaml:1: profiles.p.routes[0].address must be text. Put it in quotes.',
    ]);
    expect(refusal('connections: { sasl: null }')).toEqual([
      '/etc/a.yaml:1: connections.sasl must be a group of keys.',
    ]);
  });

  it('that does not exist is reported, with the one that was meant', () => {
    expect(refusal(text, {}, 'devv')).toEqual(['/etc/a.yaml has no profile devv. Did you mean dev?']);
    expect(refusal(text, {}, 'production')).toEqual(['/etc/a.yaml has no profile production. There are: dev, empty.']);
    expect(refusal('', {}, 'dev')).toEqual(['/etc/a.yaml has no profile dev. It has none.']);
    expect(refusal(text, {}, 'constructor')[0]).toMatch(/has no profile constructor/);
  });
});

describe('a value from outside', () => {
  it('replaces ${NAME}, or the default does when it is not set or empty', () => {
    const text = 'name: a-${NAME}-${OTHER:-none}-${EMPTY:-none}-$${NAME}';
    expect(read(text, { NAME: 'x', EMPTY: '' }).options.name).toBe('a-x-none-none-${NAME}');
  });

  it('may be in a default, too, which is evaluated only when it is needed', () => {
    const name = (text: string, env: Record<string, string>) => read(`name: "${text}"`, env).options.name;
    expect(name('${A:-${B}}', { B: 'b' })).toBe('b');
    expect(name('${A:-${B}}', { A: 'a' })).toBe('a');
    expect(name('<${A:-x${B:-${C:-y}}z}>', { B: '' })).toBe('<xyz>');
    expect(name('${A:-${B}/${C}}-${C}', { B: 'b', C: 'c' })).toBe('b/c-c');
    expect(name('${A:-$${B}}', { B: 'b' })).toBe('${B}');
    expect(name('}${A:-{}}', {})).toBe('}{}');
    // What comes from outside is only text.
    expect(name('${A:-${B}}', { B: '${C:-x}}' })).toBe('${C:-x}}');
    expect(refusal('name: "${A:-${toString}}"')).toEqual([
      '/etc/a.yaml:1: name needs the environment variable toString, which is not set. ' +
        'Set it, or write ${toString:-default}.',
    ]);
  });

  it.each([
    ['${A:-${B}', 'has ${NAME:- without the } that ends its default.'],
    ['${A:-${B:-c}', 'has ${NAME:- without the } that ends its default.'],
    ['${A:-${}}', 'has ${ without a name and }. Write ${NAME} or ${NAME:-default}, and $${ for ${ itself.'],
    ['${A:-${B-c}}', 'has ${ without a name and }. Write ${NAME} or ${NAME:-default}, and $${ for ${ itself.'],
    ['${A:-'.repeat(17) + '}'.repeat(17), 'has defaults nested more than 16 deep.'],
  ])('is not filled in by halves: %s', (text, message) => {
    expect(refusal(`connections:\n  sasl:\n    password: "${text}"`, { A: 'a' })).toEqual([
      `/etc/a.yaml:3: connections.sasl.password ${message}`,
    ]);
  });

  it('is read in a time that grows with its length, however it is nested', () => {
    const time = (count: number): number => {
      const begin = performance.now();
      for (const piece of ['${A:-', '${A:-${', '${', '${A', 'a:-}']) {
        try {
          fillReferences(piece.repeat(count), {}, String);
        } catch (error) {
          if (!(error instanceof FillInError)) throw error;
        }
      }
      return performance.now() - begin;
    };
    const least = (count: number): number => Math.min(...Array.from({ length: 4 }, () => time(count)));
    // Ten times the text takes about ten times as long; a square would be a hundred.
    expect(least(50_000)).toBeLessThan(40 * Math.max(least(5000), 1));
  });

  it('becomes a number or a boolean where one is needed', () => {
    const text =
      'connections:\n  timeout: ${T}\n  allowInsecureMechs: "${A}"\n  sasl: { password: "${P}" }\n  idleTimeout: ${T}';
    const { options } = read(text, { T: '5', P: '123', A: 'true' });
    expect(options).toEqual({ timeout: 5, idleTimeout: 5, sasl: { password: '123' }, allowInsecureMechs: true });
    expect(refusal(text, { T: 'soon', P: '123', A: 'true' })).toEqual([
      '/etc/a.yaml:2: connections.timeout must be a whole number.',
      '/etc/a.yaml:5: connections.idleTimeout must be a whole number.',
    ]);
  });

  it('is plain text in the address of a route, and not a group reference', () => {
    const { routes } = read('routes: [{ pattern: "a/%", address: "amqp://u:${P}@h/$1" }]', { P: 'a$1b' });
    expect(routes[0]?.address).toBe('amqp://u:a$$1b@h/$1');
  });

  it('needs a name', () => {
    expect(refusal('name: "a${b"')).toEqual([
      '/etc/a.yaml:1: name has ${ without a name and }. Write ${NAME} or ${NAME:-default}, and $${ for ${ itself.',
    ]);
  });

  it('may be a secret in a file, from the folder of the configuration', () => {
    const folder = folderWith({ secret: 'pass word\n' });
    const { options } = readConfig(
      'connections:\n' +
        '  sasl: { user: me, password: file:secret, passwordFile: secret }\n' +
        '  tls: { caFile: ca.pem }\n' +
        '  listen: { users: { a.b: file:secret } }\n',
      join(folder, 'a.yaml'),
      undefined,
      {},
    );
    expect(options.sasl).toEqual({ user: 'me', password: 'pass word', passwordFile: join(folder, 'secret') });
    expect(options.listen).toEqual({ users: { 'a.b': 'pass word' } });
    expect(options.tls).toEqual({ caFile: join(folder, 'ca.pem') });
  });

  it('is a secret without a byte order mark, and refused when it is not UTF-8', () => {
    const folder = folderWith();
    const password = (content: string | Buffer) => {
      writeFileSync(join(folder, 's'), content);
      return `connections: { sasl: { password: "file:${folder}/s" } }`;
    };
    expect(read(password('\uFEFFpw\r\n')).options.sasl?.password).toBe('pw');
    expect(read(password('\uFEFF\uFEFFp\uFEFFw')).options.sasl?.password).toBe('\uFEFFp\uFEFFw');
    expect(refusal(password(Buffer.from('\uFEFFpw\r\n', 'utf16le')))[0]).toMatch(
      /is not UTF-8 text; save it as UTF-8\.$/,
    );
  });

  it('cannot name a file, and only secrets can', () => {
    expect(read('connections: { sasl: { password: "${P}" } }', { P: 'file:x' }).options.sasl?.password).toBe('file:x');
    expect(read('name: file:x').options.name).toBe('file:x');
  });

  it('must be a file that can be read, and not too large', () => {
    const folder = folderWith({ large: 'x'.repeat(70_000) });
    expect(refusal('connections: { sasl: { password: file:/dev/zero } }')[0]).toMatch(/too large for a secret/);
    expect(refusal('connections:\n  sasl:\n    password: file:nowhere')).toEqual([
      '/etc/a.yaml:3: connections.sasl.password names a file that cannot be read: ' +
        "ENOENT: no such file or directory, open '/etc/nowhere'.",
    ]);
    expect(refusal(`connections: { sasl: { password: "file:${folder}/large" } }`)[0]).toMatch(/too large for a secret/);
  });
});
