import type { MessengerOptions } from 'amqp-messenger';
import { Messenger } from 'amqp-messenger';
import { describe, expect, it } from 'vitest';
import { createMessenger } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';

describe('the option hostname', () => {
  it.each<[string, (port: number) => MessengerOptions['hostname'], string]>([
    ['is the address of the host by default', () => undefined, '127.0.0.1'],
    ['is for all hosts', () => 'vhost:tenant', 'vhost:tenant'],
    ['is by host', () => ({ '127.0.0.1': 'tenant', other: 'x' }), 'tenant'],
    [
      'is by host and port, which goes first',
      (port) => ({ '127.0.0.1': 'x', [`127.0.0.1:${port}`]: 'tenant' }),
      'tenant',
    ],
    ['is not for others', () => ({ other: 'x' }), '127.0.0.1'],
  ])('%s, in the open frame and in the SASL exchange', async (_words, hostname, expected) => {
    const peer = await ScriptedPeer.listen();
    const wanted = hostname(peer.port);
    const messenger = createMessenger(wanted === undefined ? {} : { hostname: wanted });
    messenger.subscribe(peer.address('q'));
    const wire = await peer.accept();
    const init = await wire.answerSasl(['ANONYMOUS'], 0);
    expect(init.fields['hostname']).toBe(expected);
    expect((await wire.read('open')).fields['hostname']).toBe(expected);
  });

  it.each([5, '', { a: 5 }, { a: '' }])('is refused when it is %j', (wrong) => {
    // Callers without types may give anything.
    const options = { hostname: wrong } as unknown as MessengerOptions;
    expect(() => new Messenger(options)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }) as Error);
  });
});
