import {
  AmqpBroker,
  OptionError,
  TopologyError,
  artemis,
  defineMessage,
  embedded,
  qpid,
  rabbitmq3,
  rabbitmq4,
  serviceBus,
} from 'amqp-messenger/pubsub';
import type { AmqpPeer, AmqpSource, ManagementRequest } from 'amqp-messenger/pubsub';
import { describe, expect, it } from 'vitest';

/** What a source asks the management of its peer. */
async function asked({ prepare, remove }: AmqpSource): Promise<string[]> {
  const requests: ManagementRequest[] = [];
  const manage = (request: ManagementRequest): Promise<void> => {
    requests.push(request);
    return Promise.resolve();
  };
  await prepare?.(manage);
  await remove?.(manage);
  return requests.map(({ method, path, body }) => `${method} ${path} ${JSON.stringify(body)}`);
}

describe('the peer profiles of an AmqpBroker', () => {
  it.each<[string, AmqpPeer, string, string, string]>([
    ['embedded', embedded(), 'topic/a.b', 'topic/a.b', 'topic/a.b'],
    ['artemis', artemis(), 'a.b', 'a.b', 'a.b'],
    ['qpid', qpid(), 'amq.topic/a.b', 'amq.topic/a.b', 'amq.topic/a.b'],
    ['serviceBus', serviceBus(), 'a.b', 'a.b/Subscriptions/mine', 'a.b/Subscriptions/work'],
    ['rabbitmq3', rabbitmq3(), '/exchange/amq.topic/a.b', '/exchange/amq.topic/a.b', '/amq/queue/a.b.work'],
    ['rabbitmq3', rabbitmq3({ exchange: 'x/y' }), '/exchange/x%2Fy/a.b', '/exchange/x%2Fy/a.b', '/amq/queue/a.b.work'],
  ])('%s: addresses', (_name, peer, target, direct, queue) => {
    expect(peer.addressOf('a.b')).toBe(target);
    expect(peer.direct('a.b', 'mine').address).toBe(direct);
    expect(peer.queue('a.b', 'work', 'dead').address).toBe(queue);
  });

  it('share durable subscriptions by name unless the peer has a way of its own', () => {
    for (const peer of [embedded(), artemis(), qpid()]) {
      expect(peer.queue('a.b', 'work', 'dead')).toMatchObject({ name: 'a.b.work', durable: true, shared: 'global' });
      expect(peer.direct('a.b', undefined)).not.toHaveProperty('name');
    }
  });

  it('of RabbitMQ 4 make a queue and its binding', async () => {
    const peer = rabbitmq4({ exchange: 'my events' });
    expect(peer.addressOf('a.b')).toBe('/exchanges/my%20events/a.b');
    const queue = peer.queue('a.b', 'work', 'dead');
    expect(queue.address).toBe('/queues/a.b.work');
    expect(await asked(queue)).toEqual([
      expect.stringMatching(/^PUT \/queues\/dead .*"x-queue-type":"quorum"/),
      expect.stringMatching(/^PUT \/queues\/a\.b\.work .*"x-dead-letter-routing-key":"dead"/),
      'POST /bindings {"source":"my events","destination_queue":"a.b.work","binding_key":"a.b","arguments":{}}',
    ]);
  });

  it('of RabbitMQ 4 make a queue for each subscription of subscribe, and delete it', async () => {
    const [first, second] = [rabbitmq4().direct('a.b', undefined), rabbitmq4().direct('a.b', undefined)];
    expect(first.address).toMatch(/^\/queues\/a\.b\.[\w-]+$/);
    expect(second.address).not.toBe(first.address);
    expect(await asked(first)).toEqual([
      expect.stringMatching(/^PUT \/queues\/a\.b\..*"x-expires":60000/),
      expect.stringMatching(/^POST \/bindings .*"binding_key":"a\.b"/),
      expect.stringMatching(/^DELETE \/queues\/a\.b\./),
    ]);
  });

  it('of RabbitMQ 3 leave the making of queues to the option prepare', async () => {
    const made: unknown[] = [];
    const prepare = (queue: unknown): Promise<void> => Promise.resolve(void made.push(queue));
    expect(await asked(rabbitmq3({ prepare }).queue('a.b', 'work', 'dead'))).toEqual([]);
    expect(made).toEqual([{ queue: 'a.b.work', exchange: 'amq.topic', routingKey: 'a.b', deadLetter: 'dead' }]);
    expect(rabbitmq3().queue('a.b', 'work', 'dead').prepare).toBeUndefined();
  });

  it('delete queues on RabbitMQ 4 only, where the peer offers a way', async () => {
    const requests: string[] = [];
    await rabbitmq4()
      .queue('a.b', 'work~2', 'dead')
      .delete?.(({ method, path }) => Promise.resolve(requests.push(`${method} ${path}`)));
    expect(requests).toEqual(['DELETE /queues/a.b.work~2']);
    await using broker = new AmqpBroker({ url: 'amqp://127.0.0.1', peer: 'rabbitmq3' });
    await expect(broker.deleteQueue(defineMessage('a.b'), 'work')).rejects.toThrow(TopologyError);
    await expect(broker.deleteQueue(defineMessage('a.b'), 'work')).rejects.toThrow('/amq/queue/a.b.work over AMQP 1.0');
  });

  it('of Service Bus give a second subscription a name that it may have', () => {
    expect(serviceBus().queue('a.b', 'work~2', 'dead').address).toBe('a.b/Subscriptions/work-2');
  });

  it('of Service Bus want a name for subscribe', () => {
    expect(() => serviceBus().direct('a.b', undefined)).toThrow(OptionError);
  });
});

describe('the options of an AmqpBroker', () => {
  it.each<[string, object]>([
    ['There is no peer mosquitto', { peer: 'mosquitto' }],
    ['no option uri', { uri: 'x' }],
    ['Option url', { url: 'amqp://~127.0.0.1' }],
    ['Option url', { url: 'amqp://127.0.0.1/queue' }],
    ['There is no option', { connection: { speed: 1 } }],
  ])('say so: %s', (problem, wrong) => {
    const make = (): AmqpBroker => new AmqpBroker({ url: 'amqp://127.0.0.1', peer: 'embedded', ...wrong });
    expect(make).toThrow(problem);
  });
});
