import type { Check } from './check.js';
import { creditChecks } from './credit.js';
import { idleTimeoutCheck } from './idle-timeout.js';
import { messageChecks } from './messages.js';
import { passiveChecks } from './passive.js';
import { rewriteChecks } from './rewrites.js';
import { routeChecks } from './routes.js';
import { tlsChecks } from './tls.js';
import { windowChecks } from './windows.js';

/** The 76 checks of the original's suite, in its order. */
export const CHECKS: readonly Check[] = [
  ...messageChecks,
  ...windowChecks,
  ...routeChecks,
  ...rewriteChecks,
  ...creditChecks,
  ...passiveChecks,
  idleTimeoutCheck,
  ...tlsChecks,
].sort((one, other) => one.number - other.number);
