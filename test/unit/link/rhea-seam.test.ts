import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RheaConnection, RheaContext, RheaLink, RheaSession } from '../../../src/link/rhea/rhea-seam.js';
import {
  SESSION_BUFFER,
  createSession,
  onSessionRemoved,
  setNoTimers,
  takeIdleTimeout,
  transferWindow,
} from '../../../src/link/rhea/rhea-seam.js';
import { acceptedConnection, dialledConnection, open } from '../../support/rhea-pair.js';
import type { RheaSide } from '../../support/rhea-pair.js';
import { AMQP_HEADER, HEARTBEAT, SASL_HEADER, encodeFrame, rawFrame } from '../../support/wire-frames.js';

const BEGIN = { next_outgoing_id: 10, incoming_window: 20, outgoing_window: 30 };
const FLOW = { next_incoming_id: 0, incoming_window: 1, next_outgoing_id: 0, outgoing_window: 1 };

let rhea: RheaConnection;
let socket: RheaSide;
const errors: unknown[] = [];
const printed = [vi.spyOn(console, 'error'), vi.spyOn(console, 'warn'), vi.spyOn(console, 'log')];

/** Listens to everything that the transport listens to, so that rhea has nothing left to print or throw. */
function listen(connection: RheaConnection): void {
  for (const event of ['connection_open', 'connection_close', 'connection_error', 'disconnected'])
    connection.on(event, () => undefined);
  for (const event of ['protocol_error', 'error']) connection.on(event, (error) => errors.push(error));
  for (const kind of ['session', 'sender', 'receiver']) {
    for (const event of ['open', 'close', 'error']) connection.on(`${kind}_${event}`, () => undefined);
  }
}

beforeEach(() => {
  errors.length = 0;
  ({ rhea, socket } = dialledConnection({
    max_frame_size: 4096,
    channel_max: 7,
    idle_time_out: 60_000,
    hostname: 'host',
  }));
  listen(rhea);
});

afterEach(() => {
  for (const spy of printed) expect(spy).not.toHaveBeenCalled();
  // Its idle timer would keep the process.
  socket.finish();
});

/** A session both sides have begun. */
async function session(): Promise<RheaSession> {
  await open(rhea, socket);
  const begun = rhea.create_session(SESSION_BUFFER);
  begun.begin();
  await socket.written();
  socket.send('begin', { ...BEGIN, remote_channel: begun.local.channel }, 3);
  return begun;
}

/** A link that we have attached and the peer has answered. */
async function link(role: 'sender' | 'receiver'): Promise<RheaLink> {
  const begun = await session();
  const options = { name: 'a link', source: { address: 'q' }, target: { address: 'q' }, rcv_settle_mode: 0 };
  const attached = role === 'sender' ? begun.attach_sender(options) : begun.attach_receiver(options);
  await socket.written();
  socket.send(
    'attach',
    {
      name: 'a link',
      handle: 9,
      role: role === 'sender',
      snd_settle_mode: 1,
      source: { address: 'theirs' },
      target: { address: 'theirs' },
      initial_delivery_count: role === 'receiver' ? 77 : undefined,
    },
    3,
  );
  return attached;
}

describe('a connection of rhea', () => {
  it('asks for its socket, opens with our options, and tells what the peer said', async () => {
    const opened = vi.fn();
    rhea.on('connection_open', opened);
    rhea.connect();
    const [header, frame] = await socket.written();
    expect(header!.name).toBe('header');
    expect(frame!.fields).toMatchObject({
      container_id: 'dialler',
      max_frame_size: 4096,
      channel_max: 7,
      idle_time_out: 60_000,
    });
    expect(rhea.container_id).toBeUndefined();
    socket.feed(AMQP_HEADER);
    socket.send('open', { container_id: 'peer', max_frame_size: 1000, channel_max: 3, properties: { product: 'x' } });
    expect(opened).toHaveBeenCalledOnce();
    expect(rhea).toMatchObject({ container_id: 'peer', max_frame_size: 1000, channel_max: 3 });
    expect(rhea.properties).toMatchObject({ product: 'x' });
  });

  it('does nothing when it is opened again, and closes with a condition', async () => {
    await open(rhea, socket);
    rhea.open();
    expect(await socket.written()).toEqual([]);
    rhea.close({ condition: 'amqp:internal-error', description: 'why' });
    const [close] = await socket.written();
    expect(close).toMatchObject({
      name: 'close',
      fields: { error: { condition: 'amqp:internal-error', description: 'why' } },
    });
    expect(socket.ended).toBe(0);
    socket.send('close');
    await socket.written();
    expect(socket.ended).toBeGreaterThan(0);
  });

  it('tells why the peer closed, and answers', async () => {
    const told: (string | undefined)[] = [];
    rhea.on('connection_error', ({ error }) => told.push(error?.condition));
    rhea.on('connection_close', () => told.push('close'));
    await open(rhea, socket);
    socket.send('close', { error: { condition: 'amqp:connection:forced', description: 'maintenance' } });
    expect(told).toEqual(['amqp:connection:forced', 'close']);
    expect((await socket.written()).map(({ name }) => name)).toEqual(['close']);
  });

  it('hands errors of the peer to us, and then ends the socket', async () => {
    await open(rhea, socket);
    socket.send('flow', { ...FLOW, handle: 5 }, 3);
    expect(errors).toHaveLength(1);
    expect(socket.ended).toBe(1);
  });

  it('hands errors of our listeners to us, and then ends the socket', async () => {
    const mistake = new Error('mistake');
    rhea.on('connection_open', () => {
      throw mistake;
    });
    await open(rhea, socket);
    expect(errors).toEqual([mistake]);
    expect(socket.ended).toBe(1);
  });

  it('still writes a close frame that was asked for when it told of an error', async () => {
    await open(rhea, socket);
    rhea.on('error', () => rhea.close({ condition: 'amqp:decode-error' }));
    rhea.on('protocol_error', () => rhea.close({ condition: 'amqp:decode-error' }));
    socket.feed(rawFrame([0x00, 0x53, 0x16, 0xc0, 2, 1, 0x43]));
    expect((await socket.written()).map(({ name }) => name)).toEqual(['close']);
  });

  it('does not come back by itself when the socket ends', async () => {
    const lost = vi.fn();
    rhea.on('disconnected', lost);
    await open(rhea, socket);
    socket.finish();
    expect(lost).toHaveBeenCalledOnce();
    expect((lost.mock.calls[0] as [{ reconnecting?: boolean }])[0].reconnecting ?? false).toBe(false);
  });

  it('tells the peer of our idle time-out, and sets no timer for it or for that of the peer', async () => {
    const timers = vi.spyOn(globalThis, 'setTimeout');
    onTestFinished(() => timers.mockRestore());
    let theirs = 0;
    setNoTimers(rhea);
    rhea.on('connection_open', () => (theirs = takeIdleTimeout(rhea)));
    rhea.connect();
    const [, frame] = await socket.written();
    expect(frame!.fields).toMatchObject({ idle_time_out: 60_000 });
    socket.feed(AMQP_HEADER);
    socket.send('open', { container_id: 'peer', idle_time_out: 30_000 });
    socket.feed(HEARTBEAT);
    rhea.create_session(SESSION_BUFFER).begin();
    await socket.written();
    socket.feed(HEARTBEAT);
    expect(theirs).toBe(30_000);
    expect(timers).not.toHaveBeenCalled();
  });

  it('takes a heartbeat', async () => {
    await open(rhea, socket);
    socket.feed(HEARTBEAT);
    expect(errors).toEqual([]);
  });
});

describe('the SASL layer of rhea', () => {
  it('leaves our idle time-out in the open frame, which is made when it is over', async () => {
    const mechanisms = { PLAIN: () => ({ start: vi.fn(), step: vi.fn() }) };
    ({ rhea, socket } = dialledConnection({ sasl_mechanisms: mechanisms, idle_time_out: 60_000 }));
    listen(rhea);
    setNoTimers(rhea);
    rhea.connect();
    await socket.written();
    socket.feed(SASL_HEADER);
    socket.send('sasl_mechanisms', { sasl_server_mechanisms: ['PLAIN'] });
    socket.send('sasl_outcome', { code: 0 });
    const [, frame] = await socket.written();
    expect(frame).toMatchObject({ name: 'open', fields: { idle_time_out: 60_000 } });
  });

  it('asks a mechanism of ours to begin, and leaves writing to it', async () => {
    const start = vi.fn();
    ({ rhea, socket } = dialledConnection({ sasl_mechanisms: { PLAIN: () => ({ start, step: vi.fn() }) } }));
    listen(rhea);
    rhea.connect();
    expect((await socket.written()).map(({ fields }) => fields['protocol'])).toEqual([3]);
    socket.feed(SASL_HEADER);
    socket.send('sasl_mechanisms', { sasl_server_mechanisms: ['ANONYMOUS', 'PLAIN'] });
    expect(start).toHaveBeenCalledOnce();
    expect(await socket.written()).toEqual([]);
    socket.send('sasl_outcome', { code: 0 });
    expect((await socket.written()).map(({ name }) => name)).toEqual(['header', 'open']);
  });

  it('gives a challenge to the mechanism, whose error ends it', async () => {
    const step = vi.fn((_challenge: Buffer, respond: (error: unknown) => void) => respond(new Error('no more')));
    ({ rhea, socket } = dialledConnection({ sasl_mechanisms: { PLAIN: () => ({ start: vi.fn(), step }) } }));
    listen(rhea);
    const failed = vi.fn();
    rhea.on('connection_error', failed);
    rhea.connect();
    await socket.written();
    socket.feed(SASL_HEADER);
    socket.send('sasl_mechanisms', { sasl_server_mechanisms: ['PLAIN'] });
    socket.send('sasl_challenge', { challenge: Buffer.from('?') });
    expect(step).toHaveBeenCalledOnce();
    const [context] = failed.mock.calls[0] as [RheaContext];
    expect(context.error?.condition).toBe('amqp:unauthorized-access');
    expect(socket.ended).toBe(1);
  });

  it.each([
    ['a refusal', 1, 'amqp:unauthorized-access'],
    ['a failure of the peer', 4, 'amqp:internal-error'],
  ])('tells %s by its condition', async (_title, code, condition) => {
    ({ rhea, socket } = dialledConnection({ sasl_mechanisms: { ANONYMOUS: () => ({ start: vi.fn() }) } }));
    listen(rhea);
    const told: (string | undefined)[] = [];
    rhea.on('connection_error', ({ error }) => told.push(error?.condition));
    rhea.connect();
    await socket.written();
    socket.feed(SASL_HEADER);
    socket.send('sasl_mechanisms', { sasl_server_mechanisms: ['ANONYMOUS'] });
    socket.send('sasl_outcome', { code });
    expect(told).toEqual([condition]);
  });

  it('tells when no mechanism suits', async () => {
    ({ rhea, socket } = dialledConnection({ sasl_mechanisms: { PLAIN: () => ({ start: vi.fn() }) } }));
    listen(rhea);
    const told: (string | undefined)[] = [];
    rhea.on('connection_error', ({ error }) => told.push(error?.condition));
    rhea.connect();
    await socket.written();
    socket.feed(SASL_HEADER);
    socket.send('sasl_mechanisms', { sasl_server_mechanisms: ['GSSAPI'] });
    expect(told).toEqual(['amqp:unauthorized-access']);
  });

  it('answers a client that begins with it, in a later turn, and one that does not', async () => {
    const accepted = acceptedConnection();
    listen(accepted.rhea);
    accepted.socket.feed(SASL_HEADER);
    accepted.socket.send('sasl_init', { mechanism: 'ANONYMOUS' });
    expect(accepted.socket.frames.map(({ name }) => name)).not.toContain('sasl_outcome');
    expect((await accepted.socket.written()).map(({ name }) => name)).toEqual([
      'header',
      'sasl_mechanisms',
      'sasl_outcome',
    ]);

    const plain = acceptedConnection();
    listen(plain.rhea);
    plain.socket.feed(AMQP_HEADER);
    plain.socket.send('open', { container_id: 'client' });
    expect((await plain.socket.written()).map(({ name }) => name)).toEqual(['header', 'open']);
    for (const side of [accepted, plain]) side.socket.finish();
  });
});

describe('a session of rhea', () => {
  it('is made on the lowest channel that is free and not to be avoided', async () => {
    await open(rhea, socket);
    const channels = [[], [1, 2], [1], [], []].map((avoided) => createSession(rhea, avoided).local.channel);
    expect(channels).toEqual([0, 3, 2, 1, 4]);
  });

  it('has its channel before it is begun, and begins with the window we ask for', async () => {
    await open(rhea, socket);
    const first = rhea.create_session(SESSION_BUFFER);
    const second = rhea.create_session(SESSION_BUFFER);
    expect([first.local.channel, second.local.channel]).toEqual([0, 1]);
    second.begin();
    const [begin] = await socket.written();
    expect(begin).toMatchObject({
      name: 'begin',
      channel: 1,
      fields: { next_outgoing_id: 0, incoming_window: SESSION_BUFFER.incoming },
    });
  });

  it('takes its counters from the begin of the peer', async () => {
    const begun = await session();
    expect(begun.remote.channel).toBe(3);
    expect(begun.incoming.next_transfer_id).toBe(10);
    expect(begun.outgoing).toMatchObject({ next_transfer_id: 0, remote_window: 20 });
    expect(begun.outgoing.remote_next_transfer_id).toBeUndefined();
    expect(transferWindow(begun)).toBe(20);
  });

  it('takes its counters from flow frames, and leaves ours alone', async () => {
    const begun = await session();
    begun.outgoing.next_transfer_id = 7;
    socket.send('flow', { next_incoming_id: 5, incoming_window: 4, next_outgoing_id: 12, outgoing_window: 9 }, 3);
    expect(begun.outgoing).toMatchObject({ next_transfer_id: 7, remote_window: 4, remote_next_transfer_id: 5 });
    expect(begun.incoming.next_transfer_id).toBe(12);
    expect(transferWindow(begun)).toBe(2);
    expect(await socket.written()).toEqual([]);
  });

  it('counts its window over the wrap of transfer-ids', async () => {
    const begun = await session();
    begun.outgoing.next_transfer_id = 1;
    begun.outgoing.remote_next_transfer_id = 0xffff_fffe;
    begun.outgoing.remote_window = 10;
    expect(transferWindow(begun)).toBe(7);
    begun.outgoing.remote_window = undefined;
    expect(transferWindow(begun)).toBe(0);
  });

  it('announces one that the peer has begun to the connection', async () => {
    await open(rhea, socket);
    const announced: RheaContext[] = [];
    rhea.on('session_open', (context) => announced.push(context));
    socket.send('begin', BEGIN, 6);
    expect(announced[0]?.session).toMatchObject({ remote: { channel: 6 } });
    const [begin] = await socket.written();
    expect(begin).toMatchObject({ name: 'begin', fields: { remote_channel: 6 } });
  });

  it('tells its own listeners, and then not the connection', async () => {
    const begun = await session();
    const [own, general] = [vi.fn(), vi.fn()];
    begun.on('session_close', own);
    begun.on('session_error', () => undefined);
    rhea.on('session_close', general);
    socket.send('end', { error: { condition: 'amqp:not-found', description: 'no such queue' } }, 3);
    expect(own).toHaveBeenCalledOnce();
    expect(general).not.toHaveBeenCalled();
    expect(begun.error).toMatchObject({ condition: 'amqp:not-found', description: 'no such queue' });
    expect((await socket.written()).map(({ name }) => name)).toEqual(['end']);
  });

  it('is told when it is over on both sides, and its channel is free', async () => {
    const removed = vi.fn();
    onSessionRemoved(rhea, removed);
    const begun = await session();
    begun.on('session_close', () => undefined);
    socket.send('end', {}, 3);
    expect(removed).not.toHaveBeenCalled();
    expect((await socket.written()).map(({ name }) => name)).toEqual(['end']);
    expect(removed).toHaveBeenCalledExactlyOnceWith(begun);
    expect(rhea.local_channel_map[begun.local.channel]).toBeUndefined();
  });

  it('ends after what its links still have to say', async () => {
    const attached = await link('sender');
    attached.close();
    attached.session.close();
    expect((await socket.written()).map(({ name }) => name)).toEqual(['detach', 'end']);
  });
});

describe('a link of rhea', () => {
  it.each(['sender', 'receiver'] as const)(
    'is attached as a %s with our options, and knows what the peer answered',
    async (role) => {
      const begun = await session();
      const options = {
        name: 'n',
        source: { address: 's' },
        target: { dynamic: true },
        snd_settle_mode: 1,
        rcv_settle_mode: 0,
        max_message_size: 5,
      };
      const attached = role === 'sender' ? begun.attach_sender(options) : begun.attach_receiver(options);
      const opened = vi.fn();
      attached.on(`${role}_open`, opened);
      const [attach] = await socket.written();
      expect(attach).toMatchObject({
        name: 'attach',
        fields: {
          name: 'n',
          handle: attached.local.handle,
          role: role === 'receiver',
          snd_settle_mode: 1,
          max_message_size: 5,
        },
      });
      expect(attach!.fields['source']).toMatchObject({ address: 's' });
      expect(attach!.fields['target']).toMatchObject({ dynamic: true });
      expect(attached.is_receiver()).toBe(role === 'receiver');
      socket.send(
        'attach',
        {
          name: 'n',
          handle: 4,
          role: role === 'sender',
          source: { address: 'x' },
          target: { address: 'y' },
          initial_delivery_count: 6,
        },
        3,
      );
      expect(opened).toHaveBeenCalledOnce();
      expect(attached.remote.attach).toMatchObject({ handle: 4, initial_delivery_count: 6 });
      expect([attached.source?.address, attached.target?.address]).toEqual(['x', 'y']);
      expect(attached.session.remote.handles[4]).toBe(attached);
    },
  );

  it('has no terminus with an address when the peer attached none', async () => {
    const begun = await session();
    const attached = begun.attach_receiver({ name: 'n' });
    socket.send('attach', { name: 'n', handle: 4, role: false, initial_delivery_count: 0 }, 3);
    expect('address' in attached.source!).toBe(false);
  });

  it('is told of flow frames by the method that was replaced on it', async () => {
    const attached = await link('sender');
    const flows: unknown[] = [];
    attached.on_flow = ({ performative: { handle, delivery_count, link_credit, drain, echo } }) =>
      flows.push({ handle, delivery_count, link_credit, drain, echo });
    socket.send('flow', { ...FLOW, handle: 9, delivery_count: 3, link_credit: 4, drain: true, echo: true }, 3);
    expect(flows).toEqual([{ handle: 9, delivery_count: 3, link_credit: 4, drain: true, echo: true }]);
    // And rhea itself has not answered, nor moved what is shared.
    expect(await socket.written()).toEqual([]);
    expect(attached).toMatchObject({ credit: 0, delivery_count: 0 });
  });

  it('keeps the counters that are set on it', async () => {
    const attached = await link('receiver');
    attached.credit = 50;
    attached.delivery_count = 77;
    socket.feed(HEARTBEAT);
    expect(await socket.written()).toEqual([]);
    expect(attached).toMatchObject({ credit: 50, delivery_count: 77 });
  });

  it('tells its own listeners why the peer closed it, and answers', async () => {
    const attached = await link('sender');
    const [closed, general] = [vi.fn(), vi.fn()];
    attached.on('sender_error', () => undefined);
    attached.on('sender_close', closed);
    rhea.on('sender_close', general);
    socket.send('detach', { handle: 9, closed: true, error: { condition: 'amqp:not-found', description: 'gone' } }, 3);
    expect(closed).toHaveBeenCalledOnce();
    expect(general).not.toHaveBeenCalled();
    expect(attached.error).toMatchObject({ condition: 'amqp:not-found', description: 'gone' });
    expect((await socket.written()).map(({ name }) => name)).toEqual(['detach']);
    // Its handle is remembered: what was on its way for it is not a mistake of the peer.
    expect(attached.session.remote.handles[9]).toBe(attached);
  });

  it('closes with a condition', async () => {
    const attached = await link('receiver');
    attached.close({ condition: 'amqp:link:message-size-exceeded', description: 'too large' });
    const [detach] = await socket.written();
    expect(detach).toMatchObject({
      name: 'detach',
      fields: { handle: attached.local.handle, closed: true, error: { condition: 'amqp:link:message-size-exceeded' } },
    });
  });
});

describe('a link that the peer attaches', () => {
  /** What a listener does on each link requested, and what rhea writes then. */
  async function attachedByPeer(
    role: boolean,
    answer: (link: RheaLink) => void,
  ): Promise<Awaited<ReturnType<RheaSide['written']>>> {
    const accepted = acceptedConnection();
    ({ rhea, socket } = accepted);
    listen(rhea);
    rhea.on('sender_open', ({ sender }) => answer(sender!));
    rhea.on('receiver_open', ({ receiver }) => answer(receiver!));
    socket.feed(AMQP_HEADER);
    socket.send('open', { container_id: 'client' });
    socket.send('begin', BEGIN);
    await socket.written();
    socket.send('attach', {
      name: 'n',
      handle: 0,
      role,
      snd_settle_mode: 0,
      source: { address: 'q' },
      target: { address: 'q' },
    });
    return socket.written();
  }

  it.each([true, false])(
    'is announced to the connection, and answered with our termini and settle modes (role %s)',
    async (role) => {
      const [attach, ...more] = await attachedByPeer(role, (requested) => {
        expect(requested.is_receiver()).toBe(!role);
        expect(requested.name).toBe('n');
        expect(requested.source?.address).toBe('q');
        expect(requested.remote.attach).toMatchObject({ handle: 0, snd_settle_mode: 0 });
        requested.set_source({ address: 'our source' });
        requested.set_target({ address: 'our target', dynamic: true });
        requested.local.attach.snd_settle_mode = 0;
        requested.local.attach.rcv_settle_mode = 0;
        requested.local.attach.max_message_size = 1000;
      });
      expect(attach).toMatchObject({
        name: 'attach',
        fields: { name: 'n', role: !role, snd_settle_mode: 0, max_message_size: 1000 },
      });
      expect(attach!.fields['source']).toMatchObject({ address: 'our source' });
      expect(attach!.fields['target']).toMatchObject({ address: 'our target', dynamic: true });
      // No credit, no outcome, nothing by itself.
      expect(more).toEqual([]);
    },
  );

  it('is refused by an attach without a node, and a detach', async () => {
    const frames = await attachedByPeer(false, (requested) =>
      requested.close({ condition: 'amqp:not-found', description: 'none' }),
    );
    expect(frames.map(({ name }) => name)).toEqual(['attach', 'detach']);
    expect(frames[0]!.fields['target'] ?? null).toBeNull();
    expect(frames[1]!.fields).toMatchObject({ closed: true, error: { condition: 'amqp:not-found' } });
  });
});

it('rhea uses nothing of a socket that the gate does not have', async () => {
  const used = new Set<string>();
  const watched = new Proxy(socket, {
    get(target, name) {
      used.add(String(name));
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const { rhea: accepted } = acceptedConnection();
  listen(accepted);
  accepted.accept(watched);
  watched.feed(AMQP_HEADER);
  watched.feed(encodeFrame('open', { container_id: 'client' }));
  await watched.written();
  watched.feed(encodeFrame('close'));
  await watched.written();
  const known = [
    'encrypted',
    'authorized',
    'on',
    'write',
    'end',
    'destroy',
    'setNoDelay',
    'removeAllListeners',
    'get_id_string',
  ];
  const ours = ['feed', 'written', 'frames'];
  expect([...used].filter((name) => !known.includes(name) && !ours.includes(name))).toEqual([]);
});
