import { getMessageBroker } from 'amqp-messenger/pubsub';
import { MailWanted, OrderPlaced } from './messages.js';

/** Places an order. It does not know who cares. */
export async function placeOrder(id: number, customer: string): Promise<void> {
  await getMessageBroker().publish(new OrderPlaced({ id, customer, placedAt: new Date() }));
}

/** Counts what is sold, in every process. */
export async function startCounter(tell: (line: string) => void): Promise<void> {
  let sold = 0;
  const subscription = getMessageBroker().subscribe(OrderPlaced, () => tell(`${++sold} sold`));
  await subscription.ready();
}

/** Wants a mail for each order, and sends mails: however many processes do this, each mail is sent by one of them. */
export async function startMails(tell: (line: string) => void): Promise<void> {
  const broker = getMessageBroker();
  const thank = ({ id, customer }: OrderPlaced): Promise<void> =>
    broker.publish(new MailWanted({ to: customer, text: `Thank you for order ${id}.` }));
  const send = ({ to, text }: MailWanted): void => tell(`To ${to}: ${text}`);
  await broker.subscribeAsync(OrderPlaced, thank, 'mails').ready();
  await broker.subscribeAsync(MailWanted, send, 'mails', { concurrency: 4, maxDeliveries: 10 }).ready();
}
