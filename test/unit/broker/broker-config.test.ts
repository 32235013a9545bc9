import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedBroker } from 'amqp-messenger/broker';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { readBrokerConfig } from '../../../src/cli/broker-config.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'broker-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

function write(text: string, name = 'broker.yaml'): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** What is said of a file, without its folder. */
function problem(text: string): string {
  try {
    readBrokerConfig(write(text));
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_OPTION' });
    return (error as Error).message.replace(`${folder}/`, '');
  }
  throw new Error('Nothing was wrong with it.');
}

const EVERYTHING = `
port: 0
host: 127.0.0.1
name: broker
createNodes: false
queues:
  orders:
    maxMessages: 10
    overflow: drop-head
    deadLetterAddress: null
  plain:
topics: [prices, news/*]
users:
  guest: guest
  admin: \${BROKER_TEST_PASSWORD}
anonymous: true
limits:
  maxConnections: 5
  idleTimeout: 1000
  maxDeliveries: 3
  deadLetterAddress: graves
tls:
  certFile: server.pem
  keyFile: /keys/server.key
`;

describe('the configuration file of a broker', () => {
  it('says everything that the options can say', () => {
    vi.stubEnv('BROKER_TEST_PASSWORD', 'secret');
    onTestFinished(() => void vi.unstubAllEnvs());
    const options = readBrokerConfig(write(EVERYTHING));
    expect(options).toEqual({
      port: 0,
      host: '127.0.0.1',
      name: 'broker',
      createNodes: false,
      queues: { orders: { maxMessages: 10, overflow: 'drop-head', deadLetterAddress: null }, plain: {} },
      topics: ['prices', 'news/*'],
      users: { guest: 'guest', admin: 'secret' },
      anonymous: true,
      maxConnections: 5,
      idleTimeout: 1000,
      maxDeliveries: 3,
      deadLetterAddress: 'graves',
      tls: { certFile: join(folder, 'server.pem'), keyFile: '/keys/server.key' },
    });
    expect(new EmbeddedBroker(options).queues.map(({ name }) => name)).toEqual(['orders', 'plain']);
  });

  it('may be JSON, or empty', () => {
    expect(readBrokerConfig(write('{"port": 1234, "queues": {"q": {}}}', 'b.json'))).toEqual({
      port: 1234,
      queues: { q: {} },
    });
    expect(readBrokerConfig(write(''))).toEqual({});
    expect(readBrokerConfig(write('# nothing'))).toEqual({});
  });

  it.each([
    ['prot: 1', 'broker.yaml:1: prot is not a setting; did you mean port.'],
    ['\nwhatever: 1', /^broker\.yaml:2: whatever is not a setting; there are port, host, /],
    [
      'queues:\n  q:\n    maxMesages: 1',
      'broker.yaml:3: queues.q.maxMesages is not a setting; did you mean maxMessages.',
    ],
    ['port: "1"', 'broker.yaml:1: port must be a number.'],
    ['createNodes: yes please', 'broker.yaml:1: createNodes must be true or false.'],
    ['topics: prices', 'broker.yaml:1: topics must be a list.'],
    ['topics:\n  - 1', 'broker.yaml:2: topics[0] must be a text; put it in quotes.'],
    ['queues: [q]', 'broker.yaml:1: queues must be a map of names and values.'],
    ['limits:\n  overflow: explode', 'broker.yaml:2: limits.overflow must be reject or drop-head.'],
    ['- 1', 'broker.yaml:1: the file must be a map of names and values.'],
    ['port: 1\nport: 2', /^broker\.yaml:2: this is not YAML or JSON: Map keys must be unique/],
    ['port: [', /^broker\.yaml:1: this is not YAML or JSON/],
  ])('is told what is wrong with %j', (text, message) => {
    if (typeof message === 'string') expect(problem(text)).toBe(message);
    else expect(problem(text)).toMatch(message);
  });

  it('keeps secrets out of what it says', () => {
    expect(problem('users:\n  admin: ${NOT_SET_ANYWHERE}')).toBe(
      'broker.yaml:2: users.admin needs the environment variable NOT_SET_ANYWHERE, which is not set.',
    );
    expect(problem('users:\n  admin: 12345678')).not.toContain('12345678');
  });

  it('is missed when it is not there', () => {
    expect(() => readBrokerConfig(join(folder, 'nowhere.yaml'))).toThrow(/cannot be read/);
  });
});
