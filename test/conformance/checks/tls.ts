import { ListenError, NoSourcesError, SendError } from 'amqp-messenger';
import { expect } from 'vitest';
import { CERTIFICATES } from '../certificates.js';
import type { Party } from '../party.js';
import type { Seen, Stage } from '../stage.js';
import type { Check } from './check.js';

/** The properties of a messenger that TLS goes by. */
type Credentials = Partial<Pick<Party, 'certificate' | 'privateKey' | 'password' | 'trustedCertificates'>>;

const SERVER: Credentials = CERTIFICATES.server;
const CLIENT: Credentials = { ...CERTIFICATES.client, trustedCertificates: CERTIFICATES.authority };

/** The server listens with TLS, and both have their certificates. */
async function startWithTls(stage: Stage, client: Credentials): Promise<Seen> {
  Object.assign(stage.server, SERVER);
  Object.assign(stage.client, client);
  stage.client.outgoingWindow = 10;
  await stage.listen('amqps');
  // The name its certificate is for.
  stage.address = stage.address.replace('127.0.0.1', 'localhost');
  return stage.serve();
}

const badServers = (
  [
    [69, 'test_server_credentials_bad_cert', 'a certificate that is none', { certificate: CERTIFICATES.bad }],
    [70, 'test_server_credentials_bad_key', 'a key that is none', { privateKey: CERTIFICATES.bad }],
    [71, 'test_server_credentials_bad_password', 'the wrong password', { password: 'wrong' }],
  ] as const
).map(([number, name, what, wrong]): Check => ({
  number,
  name,
  what: `to listen with ${what} fails, and the subscription tells`,
  differs: 'server',
  async run({ server }: Stage): Promise<void> {
    Object.assign(server, SERVER, wrong);
    const subscription = server.subscribe('amqps://~127.0.0.1:0');
    await expect(subscription.ready()).rejects.toThrow(ListenError);
    await expect(subscription.ready()).rejects.toThrow(/certificate or key to listen with cannot be used/);
    await expect(server.recv()).rejects.toThrow(NoSourcesError);
    expect(await server.stopped).toBe(true);
  },
}));

const badClients = (
  [
    [73, 'test_client_credentials_bad_cert', 'a certificate that is none', { certificate: CERTIFICATES.bad }],
    [74, 'test_client_credentials_bad_trusted', 'authorities that are none', { trustedCertificates: CERTIFICATES.bad }],
    [75, 'test_client_credentials_bad_password', 'the wrong password', { password: 'wrong' }],
    [
      76,
      'test_client_credentials_untrusted',
      'a server whose certificate it does not trust',
      { trustedCertificates: CERTIFICATES.otherAuthority },
    ],
  ] as const
).map(([number, name, what, wrong]): Check => ({
  number,
  name,
  what: `from a client with ${what} nothing arrives, and its message is given up`,
  withC: 'both',
  differs: 'client',
  async run(stage: Stage): Promise<void> {
    const { client, clients } = stage;
    const seen = await startWithTls(stage, { ...CLIENT, ...wrong });
    const tracker = await client.put({ address: stage.address, body: 'nobody reads this' });
    const sent = client.send();
    if (clients.isOurs) await expect(sent).rejects.toThrow(SendError);
    else await sent;
    expect(await client.status(tracker)).toBe('aborted');
    expect(seen).toEqual([]);
  },
}));

/** Certificates and keys, good and bad. */
export const tlsChecks: readonly Check[] = [
  {
    number: 68,
    name: 'test_server_credentials',
    what: 'a server listens with a certificate whose key is encrypted',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      const seen = await startWithTls(stage, { trustedCertificates: CERTIFICATES.authority });
      await stage.client.put({ address: stage.address, replyTo: '~', body: 'hello' });
      await stage.client.send();
      await stage.client.recv(1);
      expect(seen).toMatchObject([{ body: 'hello' }]);
    },
  },
  ...badServers,
  {
    number: 72,
    name: 'test_client_credentials',
    what: 'both sides have a certificate, and a body of 10099 characters arrives and is accepted',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      stage.server.incomingWindow = 10;
      const seen = await startWithTls(stage, CLIENT);
      const body = 'x'.repeat(10_099);
      const tracker = await stage.client.put({ address: stage.address, body });
      await stage.client.send();
      expect(await stage.client.status(tracker)).toBe('accepted');
      expect(seen).toMatchObject([{ body }]);
    },
  },
  ...badClients,
];
