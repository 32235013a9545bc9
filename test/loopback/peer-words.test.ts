import { inspect } from 'node:util';
import type { ConnectionChange, Tracker } from 'amqp-messenger';
import { describe, expect, it } from 'vitest';
import { createTrackingMessenger } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { state } from '../support/wire-frames.js';
import type { Wire } from '../support/wire.js';

const EVIL = 'no \x1b]0;owned\x07\x9b2J\u202e';
const SHOWN = 'no \\u001b]0;owned\\u0007\\u009b2J\\u202e';

/** What a client is told by a peer that it has given a password: by its tracker, and by events of its connection. */
async function told(answer: (wire: Wire) => Promise<void>, password = 'CANARY'): Promise<[string, string]> {
  const peer = await ScriptedPeer.listen();
  const messenger = createTrackingMessenger({ reconnect: false });
  const changes: ConnectionChange[] = [];
  const errors: unknown[] = [];
  messenger.on('connection', (change) => changes.push(change));
  messenger.on('error', (error) => errors.push(error));
  const tracker: Tracker = messenger.put({ address: `amqp://u:${password}@127.0.0.1:${peer.port}/q`, body: 1 });
  const wire = await peer.accept();
  await wire.answerOpen({}, ['PLAIN']);
  await answer(wire);
  await tracker.outcome();
  return [tracker.error!.message, inspect([tracker.error, changes, errors], { depth: 9 })];
}

const close = (description: string) => async (wire: Wire) => {
  wire.send('close', { error: { condition: 'amqp:not-allowed', description } });
  await wire.closed;
};

const refuseLink = (description: string) => async (wire: Wire) => {
  await wire.answerBegin();
  const { channel, handle } = await wire.answerAttach({ target: null });
  wire.send('detach', { handle, closed: true, error: { condition: 'amqp:not-found', description } }, channel);
};

const reject = (description: string) => async (wire: Wire) => {
  await wire.answerBegin();
  const { channel, handle } = await wire.answerAttach();
  wire.send(
    'flow',
    {
      handle,
      incoming_window: 9,
      outgoing_window: 9,
      next_outgoing_id: 0,
      next_incoming_id: 0,
      link_credit: 9,
      delivery_count: 0,
    },
    channel,
  );
  await wire.read('transfer');
  const outcome = state('rejected', { error: { condition: 'amqp:not-allowed', description } });
  wire.send('disposition', { role: true, first: 0, last: 0, settled: true, state: outcome }, channel);
};

describe('what a peer says', () => {
  it.each([
    ['as it closes', close],
    ['of a link', refuseLink],
    ['of a message', reject],
  ])('does nothing to a terminal: %s', async (_, answer) => {
    const [message] = await told(answer(EVIL));
    expect(message).toContain(SHOWN);
    expect(message).not.toMatch(/[\0-\x1f\x7f-\x9f\u202e]/);
  });

  it('is not shown when it repeats our password in its close', async () => {
    const [message, all] = await told(close('bad \0u\0CANARY, u'));
    expect(message).toContain('its words repeat our password or token and are left out');
    expect(all).not.toContain('CANARY');
    const [short] = await told(close('a wombat'), 'w');
    expect(short).not.toContain('ombat');
  });
});

describe('a peer that takes one connection of a container-id', () => {
  const inUse = (info: object) => async (wire: Wire) => {
    wire.send('close', { error: { condition: 'amqp:invalid-field', description: 'already connected', info } });
    await wire.closed;
  };

  it('is told of with what to do', async () => {
    const [message] = await told(inUse({ 'invalid-field': 'container-id' }));
    expect(message).toContain('already connected');
    expect(message).toContain('give each messenger a "name" of its own');
  });

  it.each([{}, { 'invalid-field': 'hostname' }, { 'invalid-field': 7 }])(
    'is told from one that has something against another field: %o',
    async (info) => {
      const [message] = await told(inUse(info));
      expect(message).toContain('already connected');
      expect(message).not.toContain('name');
    },
  );
});
