import { defineMessage } from 'amqp-messenger/pubsub';

/** What the processes of a test share. */
export class Job extends defineMessage<{ number: number }>('test.job') {}
