import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { EmbeddedBroker } from 'amqp-messenger/broker';
import { Messenger, SendError, StateError } from 'amqp-messenger';
import { describe, expect, it, vi } from 'vitest';
import { createMessenger, createTrackingMessenger, listen, receive, startBroker } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { Wire } from '../support/wire.js';

/** A port on which nothing listens: it was free a moment ago. */
async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('a peer that is not there', () => {
  it('aborts the messages for it, and says what to do', async () => {
    const messenger = createTrackingMessenger();
    const port = await unusedPort();
    const changes: string[] = [];
    messenger.on('connection', ({ from, to, endpoint }) => changes.push(`${endpoint} ${from} → ${to}`));
    const trackers = [1, 2].map((body) => messenger.put({ address: `amqp://127.0.0.1:${port}/q`, body }));
    const error: unknown = await messenger.send().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ERR_SEND', trackers });
    expect((error as Error).message).toMatch(/^2 messages could not be sent\. .*Check host and port/);
    expect(trackers.map(({ status }) => status)).toEqual(['aborted', 'aborted']);
    expect(trackers[0]!.error).toMatchObject({ code: 'ERR_CONNECTION' });
    expect(changes).toEqual([`127.0.0.1:${port} closed → connecting`, `127.0.0.1:${port} connecting → closed`]);
    expect(messenger.outgoing).toBe(0);

    // Told once: the next send has nothing left to tell.
    await messenger.send();
  });

  it('fails recv() when there is nothing else to receive from', async () => {
    const messenger = createTrackingMessenger();
    messenger.subscribe(`amqp://127.0.0.1:${await unusedPort()}/q`);
    await expect(messenger.recv()).rejects.toMatchObject({ code: 'ERR_NO_SOURCES' });
    await expect(messenger.recv()).rejects.toThrow(/Check host and port/);
  });

  it('is dialled again for the next message', async () => {
    const messenger = createTrackingMessenger();
    const port = await unusedPort();
    const address = `amqp://127.0.0.1:${port}/q`;
    messenger.put({ address, body: 1 });
    await messenger.send().catch(() => undefined);
    const broker = await startBroker({ port });
    const tracker = messenger.put({ address, body: 2 });
    await messenger.send();
    expect(tracker.status).toBe('accepted');
    expect(broker.queue('q').depth).toBe(1);
  });

  it('is waited for with reconnect.initial', async () => {
    const messenger = createTrackingMessenger({ reconnect: { initial: true, delay: 1, maxDelay: 5 } });
    const port = await unusedPort();
    const tracker = messenger.put({ address: `amqp://127.0.0.1:${port}/q`, body: 1 });
    await new Promise<void>((resolve) => messenger.on('connection', ({ to }) => to === 'reconnecting' && resolve()));
    await startBroker({ port });
    expect(await tracker.outcome()).toBe('accepted');
  });

  it('does not matter to other peers', async () => {
    const broker = await startBroker();
    const messenger = createTrackingMessenger();
    const bad = messenger.put({ address: `amqp://127.0.0.1:${await unusedPort()}/q`, body: 1 });
    const good = messenger.put({ address: `${broker.url}/q`, body: 2 });
    await messenger.send().catch(() => undefined);
    expect([bad.status, good.status]).toEqual(['aborted', 'accepted']);
  });
});

describe('an error that nobody listens for', () => {
  it('does not end the process', async () => {
    const messenger = createTrackingMessenger();
    const tracker = messenger.put({ address: `amqp://127.0.0.1:${await unusedPort()}/q`, body: 1 });
    expect(messenger.listenerCount('error')).toBe(0);
    // Were it emitted without a listener it would be thrown.
    expect(await tracker.outcome()).toBe('aborted');
  });
});

describe('a listener that throws', () => {
  it('is heard of by the process, and the connection goes on', async () => {
    const thrown: (() => void)[] = [];
    const { queueMicrotask } = globalThis;
    vi.stubGlobal('queueMicrotask', (callback: () => void) => {
      if (callback.toString().includes('throw')) thrown.push(callback);
      else queueMicrotask(callback);
    });
    const broker = await startBroker();
    const messenger = createTrackingMessenger();
    messenger.on('connection', () => {
      throw new Error('a mistake of the user');
    });
    const tracker = messenger.put({ address: `${broker.url}/q`, body: 1 });
    await messenger.send();
    expect(tracker.status).toBe('accepted');
    expect(thrown).toHaveLength(2);
    expect(thrown[0]).toThrow('a mistake of the user');
  });
});

describe('a messenger that is closed', () => {
  it('refuses everything that needs a connection', async () => {
    const messenger = createMessenger();
    await messenger.close();
    await messenger.close();
    const closed = expect.objectContaining({ code: 'ERR_STATE' }) as Error;
    expect(() => messenger.put({ address: 'amqp://127.0.0.1/q' })).toThrow(closed);
    expect(() => messenger.subscribe('amqp://127.0.0.1/q')).toThrow(closed);
    expect(messenger.stopped).toBe(true);
    expect(messenger.get()).toBeUndefined();
  });

  it('has aborted the messages without an outcome, and closed every socket', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger();
    const tracker = messenger.put({ address: peer.address('q'), body: 1 });
    const subscription = messenger.subscribe(peer.address('q'));
    const receiving = expect(messenger.recv()).rejects.toMatchObject({ code: 'ERR_STATE' });
    const wire = await peer.accept();
    await wire.answerLink();
    await messenger.close();
    await wire.closed;
    await receiving;
    expect(tracker.status).toBe('aborted');
    expect(tracker.error).toMatchObject({ code: 'ERR_STATE' });
    expect(subscription.state).toBe('closed');
    expect((await wire.read('close')).fields).not.toHaveProperty('error');
  });

  it('is closed at the end of an await using block', async () => {
    const broker = await startBroker();
    let kept: Messenger;
    {
      await using messenger = new Messenger();
      kept = messenger;
      messenger.put({ address: `${broker.url}/q`, body: 1 });
      await messenger.send();
    }
    expect(kept.stopped).toBe(true);
    expect(() => kept.put({ address: `${broker.url}/q` })).toThrow(/closed/);
  });

  it('closes without waiting for a peer that does not answer', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createMessenger();
    messenger.put({ address: peer.address('q'), body: 1 });
    const wire = await peer.accept();
    // It has said nothing at all.
    await messenger.close();
    await wire.closed;
  });

  it('can be used again when it was only stopped', async () => {
    const broker = await startBroker();
    const messenger = createTrackingMessenger();
    const address = `${broker.url}/q`;
    messenger.put({ address, body: 1 });
    await messenger.send();
    messenger.subscribe(address);
    await messenger.recv();
    await messenger.stop();
    expect(messenger.stopped).toBe(true);
    expect(messenger.get()!.message.body).toBe(1);

    messenger.subscribe(address);
    const [received] = await receive(messenger, 1);
    expect(received!.message.body).toBe(1);
    messenger.accept();
  });
});

describe('a port', () => {
  it('that is in use fails the subscription and recv()', async () => {
    const first = createMessenger();
    const { port } = new URL(await listen(first));
    const second = createMessenger();
    const subscription = second.subscribe(`amqp://~127.0.0.1:${port}`);
    await expect(subscription.ready()).rejects.toMatchObject({ code: 'ERR_LISTEN' });
    await expect(subscription.ready()).rejects.toThrow(/in use/);
    await expect(second.recv()).rejects.toMatchObject({ code: 'ERR_NO_SOURCES' });
    expect(subscription.state).toBe('failed');
  });

  it('that is in use stops a broker from starting', async () => {
    const broker = await startBroker();
    await expect(new EmbeddedBroker({ port: broker.port }).start()).rejects.toMatchObject({ code: 'ERR_LISTEN' });
  });

  it('is free again after the messenger has stopped, even when a peer stays connected', async () => {
    const messenger = createMessenger();
    const { port } = new URL(await listen(messenger));
    const silent = await Wire.connect(Number(port));
    await messenger.stop();
    await silent.closed;
    const again = createMessenger();
    await again.subscribe(`amqp://~127.0.0.1:${port}`).ready();
  });

  it('does not keep a peer that never says anything', async () => {
    const messenger = createMessenger({ connectTimeout: 30 });
    const { port } = new URL(await listen(messenger));
    const silent = await Wire.connect(Number(port));
    await silent.closed;
    expect(silent.received).toBe(0);
  });
});

describe('a SendError', () => {
  it('does not print the objects behind its trackers when it is uncaught', async () => {
    const messenger = createTrackingMessenger();
    messenger.put({ address: `amqp://127.0.0.1:${await unusedPort()}/q` });
    const error: unknown = await messenger.send().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SendError);
    expect((error as SendError).trackers).toEqual([messenger.outgoingTracker]);
    expect(inspect(error)).not.toContain('racker');
  });
});

describe('a message whose getter puts another', () => {
  it('is refused, and neither spoils the other', async () => {
    const broker = await startBroker();
    const messenger = createTrackingMessenger();
    const address = `${broker.url}/q`;
    const sly = {
      address,
      get body(): string {
        messenger.put({ address, body: 'inner' });
        return 'outer';
      },
    };
    expect(() => messenger.put(sly)).toThrow(StateError);
    messenger.put({ address, body: 'honest' });
    await messenger.send();
    messenger.subscribe(address);
    await messenger.recv();
    expect([messenger.get()?.message.body, messenger.get()]).toEqual(['honest', undefined]);
  });
});

describe('an outcome that AMQP cannot hold', () => {
  it('is refused by the call, and the message can still get another one', async () => {
    const broker = await startBroker();
    const messenger = createTrackingMessenger();
    messenger.put({ address: `${broker.url}/q`, body: 1 });
    await messenger.send();
    messenger.subscribe(`${broker.url}/q`);
    const [received] = await receive(messenger, 1);
    const { tracker } = received!;
    const annotations = { why: (() => 1) as never };
    const unencodable = expect.objectContaining({ code: 'ERR_ENCODE' }) as Error;
    expect(() => messenger.modify(tracker, { annotations })).toThrow(unencodable);
    expect(() => messenger.reject(tracker, { condition: 'nicht-möglich' })).toThrow(unencodable);
    expect(tracker.status).toBe('pending');
    messenger.accept(tracker);
    expect(tracker.status).toBe('accepted');
  });
});

it('shows itself, its trackers and its errors without their insides', async () => {
  const messenger = createTrackingMessenger();
  const tracker = messenger.put({ address: `amqp://127.0.0.1:${await unusedPort()}/q`, body: 'private' });
  const error: unknown = await messenger.send().catch((thrown: unknown) => thrown);
  expect(inspect([tracker, error, messenger], { depth: 20, showHidden: true })).not.toContain('private');
});
