import type { RabbitMQQueue } from 'amqp-messenger/pubsub';
import type { QueueType } from './broker.js';
import { guest } from './local-broker.js';

/** What the tests ask of RabbitMQ over the HTTP API of its management plugin, which every release has. */
export class RabbitMQApi {
  readonly #base: string;

  constructor(port: number) {
    this.#base = `http://127.0.0.1:${port}/api`;
  }

  /** Makes queues that are not there yet. */
  async declare(queues: readonly string[], type: QueueType): Promise<void> {
    for (const queue of queues) await this.#put(queue, { 'x-queue-type': type });
  }

  /** How many messages queues hold together. */
  async depth(queues: readonly string[]): Promise<number> {
    // Asked so, it counts now; its statistics are seconds old.
    const answer = await this.#call('GET', '/queues/%2F?disable_stats=true&enable_queue_totals=true');
    const depths = (await answer.json()) as { name: string; messages?: number }[]; // as its documentation says
    const wanted = new Set(queues);
    return depths.reduce((sum, { name, messages = 0 }) => (wanted.has(name) ? sum + messages : sum), 0);
  }

  /** Makes and binds a queue of pub/sub, and the queue that takes its dead letters. */
  async bind({ queue, exchange, routingKey, deadLetter }: RabbitMQQueue): Promise<void> {
    await this.#put(deadLetter, {});
    await this.#put(queue, { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': deadLetter });
    const [from, to] = [encodeURIComponent(exchange), encodeURIComponent(queue)];
    await this.#call('POST', `/bindings/%2F/e/${from}/q/${to}`, { routing_key: routingKey });
  }

  async #put(queue: string, settings: Record<string, string>): Promise<void> {
    const body = { durable: true, auto_delete: false, arguments: settings };
    await this.#call('PUT', `/queues/%2F/${encodeURIComponent(queue)}`, body);
  }

  async #call(method: string, path: string, body?: object): Promise<Response> {
    const answer = await fetch(`${this.#base}${path}`, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(`${guest}:${guest}`).toString('base64')}`,
        'content-type': 'application/json',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok)
      throw new Error(`RabbitMQ answered ${method} ${path} with ${answer.status}: ${await answer.text()}`);
    return answer;
  }
}
