import { expect } from 'vitest';
import { CERTIFICATES } from '../certificates.js';
import type { Stage } from '../stage.js';
import type { Check } from './check.js';

/** Puts a message to a name that a route leads from, and has it sent back. */
async function passByRoute({ client }: Stage, address: string): Promise<void> {
  const body = `by way of ${address}`;
  await client.put({ address, replyTo: '~', body });
  await client.send();
  await client.recv(1);
  expect((await client.get())?.message.body).toBe(body);
}

/** Routes: where messages go, and where they come from. */
export const routeChecks: readonly Check[] = [
  {
    number: 20,
    name: 'testRoute',
    what: 'one name leads to a listener without TLS, another to one with it',
    withC: 'both',
    differs: 'server',
    async run(stage: Stage): Promise<void> {
      const { client, server, servers } = stage;
      if (servers.isOurs) {
        const withoutCertificate = server.subscribe('amqps://~127.0.0.1:0').ready();
        await expect(withoutCertificate).rejects.toThrow(/a certificate and its key are needed/);
      }
      Object.assign(server, CERTIFICATES.server);
      client.trustedCertificates = CERTIFICATES.authority;
      const clear = await stage.listen('amqp');
      const encrypted = (await stage.listen('amqps')).replace('127.0.0.1', 'localhost');
      stage.serve();
      client.route('route1', clear);
      client.route('route2', encrypted);
      await passByRoute(stage, 'route1');
      await passByRoute(stage, 'route2');
    },
  },
  {
    number: 21,
    name: 'testDefaultRoute',
    what: 'the route * takes every name',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      const seen = await stage.start();
      stage.client.route('*', stage.address);
      await passByRoute(stage, 'asdf');
      expect(seen[0]?.address).toBe('asdf');
    },
  },
  {
    number: 22,
    name: 'testDefaultRouteSubstitution',
    what: 'what the * has matched stands for $1',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      const seen = await stage.start();
      stage.client.route('*', `${stage.address}/$1`);
      await passByRoute(stage, 'asdf');
      expect(seen[0]?.address).toBe('asdf');
    },
  },
  {
    number: 23,
    name: 'testIncomingRoute',
    what: 'a name is listened on, and the answer comes to that port',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      await stage.start();
      const { client, clients } = stage;
      const port = await clients.port();
      client.route('in', `amqp://~0.0.0.0:${port}`);
      const subscription = client.subscribe('in');
      await subscription.ready();
      await client.put({
        address: stage.address,
        replyTo: `amqp://127.0.0.1:${subscription.port ?? port}`,
        body: 'test',
      });
      await client.send();
      await client.recv(1);
      expect((await client.get())?.message.body).toBe('test');
    },
  },
];
