import { OptionError } from '../errors.js';
import { negotiate, refusal } from './negotiation.js';
import type { Refusal, RequestHead } from './negotiation.js';

/** What a hook says about a request: whether it may have the events; 401 asks for credentials, false is 403. */
export type Authorization = boolean | 401 | 403;

/** The hook that looks at a request before it gets anything. */
export type Authorize<Request> = (request: Request) => Authorization | Promise<Authorization>;

/** The part of a channel that decides who comes in. */
export interface Doorway {
  readonly isClosed: boolean;
  readonly clientCount: number;
  readonly maxClients: number;
  readonly retryAfter: number;
}

/**
 * Why a request does not get the events; `undefined` when it does. Everything is looked at again after the hook, which
 * may take its time.
 */
export async function admit<Request>(
  doorway: Doorway,
  head: RequestHead,
  request: Request,
  authorize: Authorize<Request> | undefined,
): Promise<Refusal | undefined> {
  if (doorway.isClosed) return gone();
  const unfit = negotiate(head);
  if (unfit !== undefined || authorize === undefined) return unfit ?? checkRoom(doorway);
  const verdict: unknown = await authorize(request);
  if (verdict === 401) return refusal(401, 'Credentials are needed.\n');
  if (verdict === 403 || verdict === false) return refusal(403, 'This is not for you.\n');
  // A hook that forgets to return lets nobody in.
  if (verdict !== true) throw new OptionError('The authorize hook must return true, false, 401 or 403.');
  return checkRoom(doorway);
}

/** With 204 a browser stops to come back (HTML standard, §9.2.3). */
function gone(): Refusal {
  return refusal(204, '');
}

function checkRoom(doorway: Doorway): Refusal | undefined {
  if (doorway.isClosed) return gone();
  if (doorway.clientCount < doorway.maxClients) return undefined;
  return refusal(503, 'There are as many clients as there may be.\n', { 'retry-after': `${doorway.retryAfter}` });
}
