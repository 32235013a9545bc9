import type { HttpRequest, HttpResponse } from './http-sink.js';

/** The part of a request of Fastify that is used here. */
export interface FastifyRequestLike {
  /** The request of Node. */
  readonly raw: HttpRequest;
}

/** The part of a reply of Fastify that is used here. */
export interface FastifyReplyLike {
  /** The response of Node. */
  readonly raw: HttpResponse;
  /** The headers that were set on the reply. */
  getHeaders(): Record<string, number | string | string[] | undefined>;
  /** Tells Fastify that the channel answers from here on. */
  hijack(): unknown;
}

/** Takes the response from Fastify, with the headers that its plugins have set: Fastify leaves them out otherwise. */
export function takeOver(reply: FastifyReplyLike): void {
  if (!reply.raw.headersSent) {
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) reply.raw.setHeader(name, typeof value === 'number' ? `${value}` : value);
    }
  }
  reply.hijack();
}
