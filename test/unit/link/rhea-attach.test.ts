import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { foreignTerminus, mendAttach } from '../../../src/link/rhea/rhea-attach.js';
import type { RheaConnection, RheaLink } from '../../../src/link/rhea/rhea-seam.js';
import { acceptedConnection } from '../../support/rhea-pair.js';
import type { RheaSide } from '../../support/rhea-pair.js';
import { attachWithTarget, AMQP_HEADER } from '../../support/wire-frames.js';

const BEGIN = { next_outgoing_id: 0, incoming_window: 20, outgoing_window: 30 };

let rhea: RheaConnection;
let socket: RheaSide;
let links: RheaLink[];
const errors: unknown[] = [];
const printed = [vi.spyOn(console, 'error'), vi.spyOn(console, 'warn')];

beforeEach(async () => {
  errors.length = 0;
  links = [];
  ({ rhea, socket } = acceptedConnection({ disable_sasl: true }));
  mendAttach(rhea, 3);
  for (const event of ['protocol_error', 'error']) rhea.on(event, (error) => errors.push(error));
  for (const event of ['connection_open', 'session_open', 'session_close', 'disconnected'])
    rhea.on(event, () => undefined);
  rhea.on('sender_open', ({ sender }) => links.push(sender!));
  rhea.on('receiver_open', ({ receiver }) => links.push(receiver!));
  for (const event of ['sender_close', 'receiver_close']) rhea.on(event, () => undefined);
  socket.feed(AMQP_HEADER);
  socket.send('open', { container_id: 'peer' });
  socket.send('begin', BEGIN);
  await socket.written();
});

afterEach(() => {
  for (const spy of printed) expect(spy).not.toHaveBeenCalled();
  socket.finish();
});

function attach(handle: number, fields: object = {}): void {
  socket.send('attach', {
    name: 'link',
    handle,
    role: false,
    target: { address: 'q' },
    initial_delivery_count: 0,
    ...fields,
  });
}

describe('an attach that rhea has read', () => {
  it('is for a link of its own in each direction, though the names are the same', async () => {
    attach(0);
    attach(1, { role: true, source: { address: 'q' } });
    expect(links.map((link) => link.is_receiver())).toEqual([true, false]);
    const answers = (await socket.written()).filter(({ name }) => name === 'attach');
    expect(answers.map(({ fields }) => [fields['name'], fields['role']])).toEqual([
      ['link', true],
      ['link', false],
    ]);
    for (const handle of [0, 1]) socket.send('detach', { handle, closed: true });
    await socket.written();
    attach(2, { role: true, source: { address: 'q' } });
    attach(3);
    expect(links).toHaveLength(4);
    expect(errors).toEqual([]);
  });

  it('tells a coordinator from no target at all, and prints nothing', () => {
    socket.feed(attachWithTarget(0x30));
    attach(1, { name: 'anonymous', target: {} });
    expect(links.map((link) => foreignTerminus(link))).toEqual(['coordinator', undefined]);
  });

  it('counts as long as its link is there, and one too many is an error', async () => {
    for (let handle = 0; handle < 5; handle++) {
      attach(handle, { name: `brief-${handle}` });
      await socket.written();
      socket.send('detach', { handle, closed: true });
      await socket.written();
    }
    for (let handle = 5; handle < 8; handle++) attach(handle, { name: `lasting-${handle}` });
    expect(errors).toEqual([]);
    attach(8, { name: 'one-more' });
    expect(errors).toMatchObject([{ condition: 'amqp:resource-limit-exceeded' }]);
  });
});
