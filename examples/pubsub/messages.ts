import { defineMessage } from 'amqp-messenger/pubsub';
import { z } from 'zod';

/** An order was placed. */
export class OrderPlaced extends defineMessage(
  'order.placed',
  z.object({ id: z.int().positive(), customer: z.email(), placedAt: z.date() }),
) {}

/** A mail is to be sent. */
export class MailWanted extends defineMessage<{ to: string; text: string }>('mail.wanted') {}
