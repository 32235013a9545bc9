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
export type AdmissionState = 'open' | 'leaving' | 'closed';

/** The part of a channel that decides who comes in. Times are milliseconds unless they say otherwise. */
export interface Admission {
  readonly state: AdmissionState;
  readonly maxClients: number;
  /** Seconds. */
  readonly retryAfter: number;
  readonly retry: number;
  readonly authorizeTimeout: number;
  readonly clock: Clock;
  /** The number of clients, those included that the hook is looking at. */
  admitted: number;
  report(error: unknown): void;
}

/**
 * Why a request does not get the events; `undefined` when it does. Then it has one of the places, which is given back by
 * lowering `admitted`. It has one while the hook decides, too, and everything is checked again after that.
 */
export async function admit<Request>(
  admission: Admission,
  head: RequestHead,
  request: Request,
  authorize: Authorize<Request> | undefined,
): Promise<Refusal | undefined> {
  const refused = refusalNow(admission) ?? negotiate(head);
  if (refused !== undefined) return refused;
  if (admission.admitted >= admission.maxClients) {
    return busy(admission, 'There are as many clients as there may be.\n');
  }
  admission.admitted++;
  try {
    const decision = authorize === undefined ? undefined : await ask(admission, authorize, request);
    const late = decision ?? refusalNow(admission);
    if (late !== undefined) admission.admitted--;
    return late;
  } catch (error) {
    admission.admitted--;
    throw error;
  }
}

/** Why nobody is let in any more. */
function refusalNow({ state, retry }: Admission): Refusal | undefined {
  // With 204 a browser stops to come back (HTML standard, §9.2.3).
  if (state === 'closed') return { ...refusal(204, ''), isLast: true };
  if (state === 'open') return undefined;
  // A browser comes back after a stream that has ended; any other answer would make it give up.
  return { status: 200, headers: STREAM_HEADERS, text: `retry: ${retry}\n\n`, isLast: true };
}

async function ask<Request>(
  admission: Admission,
  authorize: Authorize<Request>,
  request: Request,
): Promise<Refusal | undefined> {
  let decision: unknown;
  try {
    decision = await inTime(admission, authorize(request));
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    admission.report(error);
    return busy(admission, 'Nobody has decided in time.\n');
  }
  if (decision === true) return undefined;
  if (decision === 401) return refusal(401, 'Credentials are needed.\n');
  if (decision === 403 || decision === false) return refusal(403, 'This is not for you.\n');
  if (typeof decision === 'number' && Number.isInteger(decision) && decision >= 400 && decision <= 599) {
    return refusal(decision, 'This is not for you now.\n');
  }
  // A hook that forgets to return lets nobody in.
  throw new OptionError('The authorize hook must return true, false, or a status from 400 to 599.');
}

/** @throws TimeoutError when the hook takes too long. */
function inTime({ clock, authorizeTimeout }: Admission, decision: unknown): Promise<unknown> {
  const onTimeout = (): string => `The authorize hook has not answered in ${authorizeTimeout} ms.`;
  return wait(clock, { timeout: authorizeTimeout, onTimeout }, following(Promise.resolve(decision)));
}

function busy({ retryAfter }: Admission, text: string): Refusal {
  return refusal(503, text, { 'retry-after': `${retryAfter}` });
}
