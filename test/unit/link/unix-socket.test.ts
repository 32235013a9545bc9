import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { SYSTEM_CLOCK } from '../../../src/clock.js';
import { Output } from '../../../src/codec/output.js';
import { TRANSFER_HEADER_SIZE } from '../../../src/codec/transfer.js';
import { ByteBudget } from '../../../src/link/wire/byte-budget.js';
import { DEFAULT_LIMITS } from '../../../src/link/wire/limits.js';
import type { LinkRequest } from '../../../src/link/session/link-request.js';
import { QUIET_CONNECTION, SESSION_BUFFER, createContainer } from '../../../src/link/rhea/rhea-seam.js';
import { SenderLink } from '../../../src/link/session/sender-link.js';
import { Transport } from '../../../src/link/connection/transport.js';
import { ACCEPTED } from '../../../src/message/outcome.js';
import { OutgoingDelivery } from '../../../src/queue/outgoing-delivery.js';

const container = createContainer('unix');
const limits = { ...DEFAULT_LIMITS, idleTimeout: 0 };
const noEvents = {
  transportOpened: () => undefined,
  transportClosed: () => undefined,
  linkAccepted: () => undefined,
  linkClosed: () => false,
  linkRequested: () => undefined,
};

function accept(socket: Socket, received: (size: number) => void): void {
  const rhea = container.create_connection({ ...QUIET_CONNECTION, session_buffer_size: SESSION_BUFFER });
  const transport = new Transport(
    socket,
    { rhea, limits, budget: new ByteBudget(Infinity), clock: SYSTEM_CLOCK },
    {
      ...noEvents,
      linkRequested: (request: LinkRequest) => {
        request.receive('q', limits.maxMessageSize, {
          opened: (receiver) => receiver.issueCredit(10),
          received: (delivery) => {
            received(delivery.end - delivery.start);
            delivery.finish(ACCEPTED);
          },
          closed: () => undefined,
        });
      },
    },
  );
  rhea.accept(transport.gate);
}

function dial(path: string, transportOpened: (transport: Transport) => void): void {
  let ready = (): void => undefined;
  const socket = connect(path, () => ready());
  const rhea = container.create_connection({
    ...QUIET_CONNECTION,
    connect: (_port: number, _host: string, _options: object, connected: () => void) => {
      ready = connected;
      return transport.gate;
    },
  });
  const transport = new Transport(
    socket,
    { rhea, limits, budget: new ByteBudget(Infinity), clock: SYSTEM_CLOCK },
    { ...noEvents, transportOpened },
  );
  onTestFinished(() => transport.gate.destroy());
  rhea.connect();
}

it('the data plane works over a Unix socket as over any other', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'amqp-messenger-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'socket');
  const sizes: number[] = [];
  const server = createServer((socket) => accept(socket, (size) => sizes.push(size)));
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(path, resolve));

  const output = new Output();
  const statuses = await new Promise<string[]>((resolve) => {
    dial(path, (transport) => {
      const ended: string[] = [];
      const owner = {
        destination: 'q',
        deliveryEnded: (delivery: OutgoingDelivery) => {
          if (ended.push(delivery.status) === 3) resolve(ended);
        },
      };
      const options = { name: 'link', address: 'q', dynamic: false, presettled: false, maxMessageSize: 0 };
      const link = new SenderLink(options, { closed: () => undefined });
      transport.links.attach(link);
      for (const size of [10, 1000, 2_000_000]) {
        output.open(TRANSFER_HEADER_SIZE);
        output.need(size);
        output.position += size;
        const start = output.position - size;
        link.send(new OutgoingDelivery(output.slab, start, output.position, false, 1, owner));
      }
    });
  });
  expect(statuses).toEqual(['accepted', 'accepted', 'accepted']);
  expect(sizes).toEqual([10, 1000, 2_000_000]);
});
