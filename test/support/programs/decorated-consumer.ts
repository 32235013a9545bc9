// Valid with the decorators of the language, and with those of `experimentalDecorators`.
import { Consumer, MemoryBroker, defineMessage, getMessageBroker, setMessageBroker } from 'amqp-messenger/pubsub';
import type { AsyncMessageContext } from 'amqp-messenger/pubsub';

class OrderPlaced extends defineMessage<{ id: number }>('order.placed') {}
const orders = new Consumer(OrderPlaced);
const mails = new Consumer(OrderPlaced, { queueName: 'mails' });

class Mails {
  static readonly sender: string = 'the shop';

  constructor(readonly language: string) {}

  @orders.onMessage
  static count({ id }: OrderPlaced): void {
    console.log(`order ${id} is counted by ${this.sender}`);
  }

  @mails.onMessage
  static async thank({ id }: OrderPlaced, { queueName }: AsyncMessageContext<OrderPlaced>): Promise<void> {
    await Promise.resolve();
    console.log(`thank you for order ${id} from ${queueName} of ${this.sender}`);
  }
}

setMessageBroker(new MemoryBroker());
await getMessageBroker().publish(new OrderPlaced({ id: 7 }));
await getMessageBroker().close();
console.log(Mails.name);
