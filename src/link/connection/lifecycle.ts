/** Where a connection stands. Each change is announced as from → to. */
export type ConnectionState = 'closed' | 'connecting' | 'open' | 'reconnecting' | 'closing';

const AFTER: Readonly<Record<ConnectionState, readonly ConnectionState[]>> = {
  closed: ['connecting'],
  connecting: ['open', 'reconnecting', 'closing', 'closed'],
  open: ['reconnecting', 'closing', 'closed'],
  reconnecting: ['open', 'closing', 'closed'],
  closing: ['closed'],
};

/** Whether a connection may go from one state to another. */
export function mayFollow(from: ConnectionState, to: ConnectionState): boolean {
  return AFTER[from].includes(to);
}
