// The messages as rhea takes and gives them.
import rhea from 'rhea';
import { binaryBody, checkRead, realistic, realisticBody, smallBody } from './workload.mjs';

const { data_section: data } = rhea.message;
const { tenant, region, attempt, traceparent, hot } = realistic.properties;

/** Makes every message anew, as a program with something new to say would. */
export const makers = {
  small: () => ({ body: smallBody }),
  binary64k: () => ({ body: data(binaryBody) }),
  realistic: (address) => ({
    durable: realistic.durable,
    ttl: realistic.ttl,
    message_id: realistic.id,
    to: address,
    subject: realistic.subject,
    reply_to: realistic.replyTo,
    correlation_id: realistic.correlationId,
    content_type: realistic.contentType,
    creation_time: realistic.creationTime,
    application_properties: { tenant, region, attempt, traceparent, hot },
    body: data(realisticBody),
  }),
};

export function read(kind, message) {
  const { subject, application_properties: properties, body } = message;
  checkRead(kind, subject, properties?.tenant, typeof body === 'string' ? body.length : body.content.length);
}

/**
 * The settings that were fastest of those tried with each message. Small writes of the sender are best left to the
 * kernel to join; answers of the receiver are not. Neither a larger session buffer nor a larger window was faster.
 */
export const fastest = {
  small: { sender: { tcp_no_delay: false }, receiver: { tcp_no_delay: true }, window: 1000 },
  realistic: { sender: { tcp_no_delay: false }, receiver: { tcp_no_delay: true }, window: 1000 },
  binary64k: { sender: { tcp_no_delay: true }, receiver: { tcp_no_delay: true }, window: 100 },
};
