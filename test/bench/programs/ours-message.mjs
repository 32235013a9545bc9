// The messages as Messenger takes and gives them.
import { binaryBody, checkRead, realistic, realisticBody, smallBody } from './workload.mjs';

const { durable, ttl, id, subject, replyTo, correlationId, contentType, creationTime } = realistic;
const { tenant, region, attempt, traceparent, hot } = realistic.properties;

/** Makes every message anew, as a program with something new to say would. */
export const makers = {
  small: (address) => ({ address, body: smallBody }),
  binary64k: (address) => ({ address, body: binaryBody }),
  realistic: (address) => ({
    address,
    durable,
    ttl,
    id,
    subject,
    replyTo,
    correlationId,
    contentType,
    creationTime,
    properties: { tenant, region, attempt, traceparent, hot },
    body: realisticBody,
  }),
};

export function read(kind, message) {
  checkRead(kind, message.subject, message.properties?.tenant, message.body.length);
}
