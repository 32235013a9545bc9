import { OptionError, TimeoutError } from '../errors.js';
import type { Clock } from '../clock.js';
import { following, wait } from '../wait.js';
import { STREAM_HEADERS, negotiate, refusal } from './negotiation.js';
import type { Refusal, RequestHead } from './negotiation.js';

/**
 * The decision of a hook: true lets the request have the events, false answers it with status 403, and a number from
 * 400 to 599 is the status of the answer.
 */
export type Authorization = boolean | number;

/** The hook that looks at a request before it gets anything. */
export type Authorize<Request> = (request: Request) => Authorization | Promise<Authorization>;

/**
 * The state of a channel for new requests. `open`: they get events; `leaving`: this server shuts down, and clients are
 * to reconnect to another; `closed`: they get no events, now or later.
 */
export type DoorwayState = 'open' | 'leaving' | 'closed';

/** The part of a channel that decides who comes in. Times are milliseconds unless they say otherwise. */
export interface Doorway {
  readonly state: DoorwayState;
  readonly maxClients: number;
  /** Seconds. */
  readonly retryAfter: number;
  readonly retry: number;
  readonly authorizeTimeout: number;
  readonly clock: Clock;
  /** The number of clients, those included that the hook is looking at. */
  guests: number;
  report(error: unknown): void;
}

/**
 * Why a request does not get the events; `undefined` when it does. Then it has one of the places, which is given back by
 * `guests`. It has one while the hook is at it, too, and everything is looked at again after that.
 */
export async function admit<Request>(
  doorway: Doorway,
  head: RequestHead,
  request: Request,
  authorize: Authorize<Request> | undefined,
): Promise<Refusal | undefined> {
  const refused = turnAway(doorway) ?? negotiate(head);
  if (refused !== undefined) return refused;
  if (doorway.guests >= doorway.maxClients) {
    return busy(doorway, 'There are as many clients as there may be.\n');
  }
  doorway.guests++;
  try {
    const verdict = authorize === undefined ? undefined : await ask(doorway, authorize, request);
    const late = verdict ?? turnAway(doorway);
    if (late !== undefined) doorway.guests--;
    return late;
  } catch (error) {
    doorway.guests--;
    throw error;
  }
}

/** Why nobody is let in any more. */
function turnAway({ state, retry }: Doorway): Refusal | undefined {
  // With 204 a browser stops to come back (HTML standard, §9.2.3).
  if (state === 'closed') return { ...refusal(204, ''), isLast: true };
  if (state === 'open') return undefined;
  // A browser comes back after a stream that has ended; any other answer would make it give up.
  return { status: 200, headers: STREAM_HEADERS, text: `retry: ${retry}\n\n`, isLast: true };
}

async function ask<Request>(
  doorway: Doorway,
  authorize: Authorize<Request>,
  request: Request,
): Promise<Refusal | undefined> {
  let verdict: unknown;
  try {
    verdict = await inTime(doorway, authorize(request));
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    doorway.report(error);
    return busy(doorway, 'Nobody has decided in time.\n');
  }
  if (verdict === true) return undefined;
  if (verdict === 401) return refusal(401, 'Credentials are needed.\n');
  if (verdict === 403 || verdict === false) return refusal(403, 'This is not for you.\n');
  if (typeof verdict === 'number' && Number.isInteger(verdict) && verdict >= 400 && verdict <= 599) {
    return refusal(verdict, 'This is not for you now.\n');
  }
  // A hook that forgets to return lets nobody in.
  throw new OptionError('The authorize hook must return true, false, or a status from 400 to 599.');
}

/** @throws TimeoutError when the hook takes too long. */
function inTime({ clock, authorizeTimeout }: Doorway, verdict: unknown): Promise<unknown> {
  const onTimeout = (): string => `The authorize hook has not answered in ${authorizeTimeout} ms.`;
  return wait(clock, { timeout: authorizeTimeout, onTimeout }, following(Promise.resolve(verdict)));
}

function busy({ retryAfter }: Doorway, text: string): Refusal {
  return refusal(503, text, { 'retry-after': `${retryAfter}` });
}
