import { MessagingError } from '../errors.js';

/** Matches the error of RabbitMQ 4 for addresses of version 3. */
const VERSION_1 = /address_v1/;

/**
 * The right address for a node of RabbitMQ 4 with a missing slash: one slash ends the host, and `/queues/name` begins
 * with another.
 */
export function missingSlash(node: string): string | undefined {
  return /^(queues|exchanges)\/./.test(node) ? `//${node}` : undefined;
}

/** The advice for a node that RabbitMQ 4 has refused for its spelling; `undefined` for any other error. */
export function spellingFor(error: unknown, node: string): string | undefined {
  if (!(error instanceof MessagingError) || !VERSION_1.test(error.message)) return undefined;
  return `RabbitMQ 4 names queues otherwise: write ${missingSlash(node) ?? versionTwo(node)} behind the host.`;
}

/** The address of RabbitMQ 4 for one of RabbitMQ 3. Its parts are percent-encoded. */
function versionTwo(node: string): string {
  const [, kind, rest = ''] = /^\/?(?:amq\/)?(queue|exchange|topic)\/(.+)$/.exec(node) ?? [];
  if (kind === 'topic') return `//exchanges/amq.topic/${encodeURIComponent(rest)}`;
  if (kind === 'exchange') return `//exchanges/${rest.split('/').map(encodeURIComponent).join('/')}`;
  return `//queues/${encodeURIComponent(kind === 'queue' ? rest : node)}`;
}
