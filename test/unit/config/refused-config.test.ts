import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/read-config.js';
import { ConfigError } from '../../../src/errors.js';
import { read, refusal } from './support.js';

describe('an error in a configuration', () => {
  it('names file, line, key, and the key that was meant', () => {
    expect(refusal('name: a\nconections:\n  timeout: 5\n')).toEqual([
      '/etc/a.yaml:2: conections is not a known key. Did you mean connections?',
    ]);
    expect(refusal('connections:\n  sasl:\n    usr: x\n')).toEqual([
      '/etc/a.yaml:3: connections.sasl.usr is not a known key. Did you mean user?',
    ]);
    expect(refusal('connections:\n  reconnect: { retires: 1 }\n')).toEqual([
      '/etc/a.yaml:2: connections.reconnect.retires is not a known key. Did you mean retries?',
    ]);
    expect(refusal('routes:\n  - pattern: a\n    adress: amqp://h\n    address: amqp://h\n')).toEqual([
      '/etc/a.yaml:3: routes[0].adress is not a known key. Did you mean address?',
    ]);
    expect(refusal('connections: { maxOutgoing: { x: 1 } }')).toEqual([
      '/etc/a.yaml:1: connections.maxOutgoing.x is not a known key. There are: messages, bytes.',
    ]);
  });

  it('is reported with all others, in the order of lines, in every profile', () => {
    expect(refusal('profiles:\n  a:\n    nam: x\nname: 5\nconnections:\n  timeout: soon\n')).toEqual([
      '/etc/a.yaml:3: profiles.a.nam is not a known key. Did you mean name?',
      '/etc/a.yaml:4: name must be text. Put it in quotes.',
      '/etc/a.yaml:6: connections.timeout must be a whole number.',
    ]);
  });

  it.each([
    ['routes: {}', 'routes must be a list.'],
    ['routes: [a]', 'routes[0] must be a group of keys.'],
    ['routes: [{ pattern: a }]', 'routes[0].address is missing.'],
    ['routes: [{ pattern: a, address: null }]', 'routes[0].address must be text. Put it in quotes.'],
    ['routes: [{ pattern: "", address: amqp://h }]', 'routes[0].pattern must not be empty.'],
    ['rewrites: [{ pattern: a, address: 5 }]', 'rewrites[0].address must be text, or null to leave it out.'],
    ['connections: { connectTimeout: 0 }', 'connections.connectTimeout must be at least 1.'],
    ['connections: { sasl: { mechanisms: [] } }', 'connections.sasl.mechanisms must not be empty.'],
    ['connections: { allowInsecureMechs: 1 }', 'connections.allowInsecureMechs must be true or false.'],
    ['connections: []', 'connections must be a group of keys.'],
    ['profiles: { a: 1 }', 'profiles.a must be a group of keys.'],
    [
      'connections: { reconnect: true }',
      'connections.reconnect must be false, or a group of keys: initial, delay, maxDelay, retries, refused.',
    ],
    [
      'connections: { sasl: { mechanisms: [CRAM] } }',
      'connections.sasl.mechanisms[0] must be one of EXTERNAL, XOAUTH2, PLAIN, ANONYMOUS.',
    ],
    ['[]', 'must be a group of keys, such as routes and connections.'],
    ['text', 'must be a group of keys, such as routes and connections.'],
  ])('says what a value must be: %s', (text, message) => {
    expect(refusal(text)).toEqual([`/etc/a.yaml:1: ${message}`]);
  });

  it.each([
    'routes: [{ pattern: a, address: "amqp://h:99999/q" }]',
    'routes: [{ pattern: a, address: "amqp://u:secret/x@h/q" }]',
    'connections: { hosts: { a: ["amqp://b"] } }',
  ])('tells an address that cannot be used, without its secrets: %s', (text) => {
    const [line = ''] = refusal(text);
    expect(line).toMatch(/^\/etc\/a\.yaml:1: \S+ cannot be used\. /);
    expect(line).not.toContain('secret');
  });

  it.each([
    ['routes: [{ pattern: *, address: amqp://h }]', 'alias'],
    ['routes: [{ pattern: %/a, address: amqp://h }]', '%'],
    ['connections: { timeout: ${T} }', '{ }'],
  ])('tells how to write what YAML reads otherwise: %s', (text) => {
    expect(refusal(text)[0]).toMatch(/in quotes\.$/);
  });

  it.each([
    ['name: &a x\nrewrites: *a', '/etc/a.yaml:2: rewrites is an alias, which is not allowed.'],
    ['name: !!js/function "x"', '/etc/a.yaml:1: name has a tag, which is not allowed'],
    ['name: a\nname: b', '/etc/a.yaml:2: name is there twice.'],
    ['__proto__: { polluted: true }', '/etc/a.yaml:1: __proto__ cannot be a key.'],
    ['profiles: { "__proto__": { name: x } }', '/etc/a.yaml:1: profiles.__proto__ cannot be a key.'],
    ['? [a]\n: b', '/etc/a.yaml:1: has a key that is not plain text.'],
    ['name: "open', '/etc/a.yaml:1: is not valid YAML: Missing closing "quote.'],
    ['---\nname: a\n---\nname: b', 'is not valid YAML'],
  ])('refuses what is more than data: %s', (text, message) => {
    expect(refusal(text)[0]).toContain(message);
  });
});

describe('a hostile configuration', () => {
  it('cannot change the prototype of anything', () => {
    refusal('{ "__proto__": { "polluted": 1 }, "connections": { "__proto__": { "timeout": 1 } } }');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(read('connections: { hosts: { constructor: [a] } }').options.failover).toEqual({ constructor: ['a'] });
  });

  it('cannot grow by aliases', () => {
    const levels = Array.from({ length: 20 }, (_, level) => `a${level}: &a${level} [*a${level - 1}, *a${level - 1}]`);
    expect(refusal(['x: &a-1 [lol]', ...levels].join('\n'))[0]).toContain('is an alias');
  });

  it('cannot overflow the stack by nesting', () => {
    expect(refusal('['.repeat(100_000))[0]).toMatch(/nested|YAML/);
    expect(refusal(`name: ${'['.repeat(40)}${']'.repeat(40)}`)[0]).toMatch(/nested more than 32 levels deep/);
  });

  it('is read or refused with a ConfigError, whatever it holds', () => {
    const word = fc.oneof(
      fc.constantFrom(
        'routes',
        'name',
        'connections',
        '__proto__',
        '${A}',
        '${',
        '*',
        '%',
        '- ',
        ': ',
        '\n',
        '  ',
        '{',
      ),
      fc.string({ maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 20 }), (words) => {
        try {
          readConfig(words.join(''), '/etc/a.yaml', undefined, { A: 'x' });
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
        }
      }),
    );
  });
});
