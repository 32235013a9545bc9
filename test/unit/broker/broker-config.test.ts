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
async function problem(text: string): Promise<string> {
  try {
    await readBrokerConfig(write(text));
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_CONFIG' });
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
  maxConnectionsPerHost: 4
  idleTimeout: 1000
  maxDeliveries: 3
  deadLetterAddress: graves
tls:
  certFile: server.pem
  keyFile: /keys/server.key
`;

describe('the configuration file of a broker', () => {
  it('says everything that the options can say', async () => {
    vi.stubEnv('BROKER_TEST_PASSWORD', 'secret');
    onTestFinished(() => void vi.unstubAllEnvs());
    const options = await readBrokerConfig(write(EVERYTHING));
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
      maxConnectionsPerHost: 4,
      idleTimeout: 1000,
      maxDeliveries: 3,
      deadLetterAddress: 'graves',
      tls: { certFile: join(folder, 'server.pem'), keyFile: '/keys/server.key' },
    });
    expect(new EmbeddedBroker(options).queues.map(({ name }) => name)).toEqual(['orders', 'plain']);
  });

  it('may be JSON, or empty', async () => {
    expect(await readBrokerConfig(write('{"port": 1234, "queues": {"q": {}}}', 'b.json'))).toEqual({
      port: 1234,
      queues: { q: {} },
    });
    expect(await readBrokerConfig(write(''))).toEqual({});
    expect(await readBrokerConfig(write('# nothing'))).toEqual({});
  });

  it.each([
    ['prot: 1', 'broker.yaml:1: prot is not a known key. Did you mean port?'],
    ['\nwhatever: 1', /^broker\.yaml:2: whatever is not a known key\. There are: port, host, /],
    [
      'queues:\n  q:\n    maxMesages: 1',
      'broker.yaml:3: queues.q.maxMesages is not a known key. Did you mean maxMessages?',
    ],
    ['port: "1"', 'broker.yaml:1: port must be a number.'],
    ['createNodes: yes please', 'broker.yaml:1: createNodes must be true or false.'],
    ['topics: prices', 'broker.yaml:1: topics must be a list.'],
    ['topics:\n  - 1', 'broker.yaml:2: topics[0] must be text. Put it in quotes.'],
    ['queues: [q]', 'broker.yaml:1: queues must be a group of keys.'],
    ['limits:\n  overflow: explode', 'broker.yaml:2: limits.overflow must be one of reject, drop-head.'],
    ['- 1', /^broker\.yaml:1: must be a group of keys/],
    ['port: 99999', /^broker\.yaml: /],
    ['port: 1\nport: 2', 'broker.yaml:2: port is there twice. Take one of them out.'],
    ['port: [', /^broker\.yaml:1: is not valid YAML/],
  ])('is told what is wrong with %j', async (text, message) => {
    if (typeof message === 'string') expect(await problem(text)).toBe(message);
    else expect(await problem(text)).toMatch(message);
  });

  it('keeps secrets out of what it says', async () => {
    expect(await problem('users:\n  admin: ${NOT_SET_ANYWHERE}')).toBe(
      'broker.yaml:2: users.admin needs the environment variable NOT_SET_ANYWHERE, which is not set. ' +
        'Set it, or write ${NOT_SET_ANYWHERE:-default}.',
    );
    expect(await problem('users:\n  admin: 12345678')).not.toContain('12345678');
  });

  it('is missed when it is not there', async () => {
    await expect(readBrokerConfig(join(folder, 'nowhere.yaml'))).rejects.toThrow(
      /nowhere\.yaml cannot be read: ENOENT/,
    );
  });
});
