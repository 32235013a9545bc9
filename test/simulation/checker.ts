import type { Handled, Ledger, Sent } from './ledger.js';
import type { Plan } from './plan.js';

/** Errors of a peer, with one message under way each time, after which that message goes alone, and may be given up. */
const MOST_ERRORS = 2;

/** Compares what was promised with what has happened. It knows the promise, and nothing of how it is kept. */
export function check(plan: Plan, ledger: Ledger): void {
  for (const sent of ledger.sent.values()) {
    nothingIsLost(ledger, sent);
    everyTrackerEnds(plan, ledger, sent);
  }
  for (const [id, handled] of ledger.handled) {
    const sent = ledger.sent.get(id);
    if (sent === undefined) ledger.problem('unsent', `${handled[0]!.by} was given ${id}, which nobody has sent`);
    else {
      if (handled.some(({ from }) => from !== sent.to)) {
        ledger.problem(
          'misplaced',
          `${id} was sent to ${sent.to} and came from ${handled.map(({ from }) => from).join(', ')}`,
        );
      }
      doublesHaveReasons(ledger, sent, handled);
      countsAreFailures(plan, ledger, sent, handled);
    }
  }
  for (const id of ledger.left.keys()) {
    if (!ledger.sent.has(id)) ledger.problem('unsent', `a broker has ${id}, which nobody has sent`);
  }
  orderIsKept(plan, ledger);
}

/** What its sender was told is accepted is in a queue, among the dead letters, or was accepted by who was given it. */
function nothingIsLost(ledger: Ledger, { id, tracker }: Sent): void {
  if (tracker.status !== 'accepted' || ledger.left.has(id)) return;
  const handled = ledger.handled.get(id) ?? [];
  if (handled.some(({ outcome }) => outcome === 'accepted')) return;
  ledger.problem('lost', `${id} was accepted, and nobody has it (given out ${handled.length} times)`);
}

/** Whoever puts a message learns what became of it, and it is given up only when its program says so. */
function everyTrackerEnds(plan: Plan, ledger: Ledger, { id, by, at, endedAt, tracker }: Sent): void {
  if (tracker.status === 'pending' || endedAt === undefined) {
    ledger.problem('pending', `${id} has no outcome though all is quiet`);
  } else if (tracker.status === 'aborted') {
    const { outgoingWindow, maxRedeliveries } = plan.messengers.find(({ name }) => name === by)!;
    // Without a window nobody is promised anything when a connection is lost.
    const wasLost = ledger.wasDisturbed(by, at, endedAt + 1) || ledger.wasDisturbed(`link of ${by}`, at, endedAt + 1);
    const isPromised = outgoingWindow !== 0 || !wasLost;
    const isLimit = maxRedeliveries !== Infinity && wasLost;
    // One that was under way at each of three errors of a peer is what the peer cannot stomach, for all that is known.
    const isSuspect = ledger.timesDisturbed(`link of ${by}`, at, endedAt + 1) > MOST_ERRORS;
    if (isPromised && !isLimit && !isSuspect && !ledger.wasDisturbed(`stop ${by}`, at, endedAt + 1)) {
      ledger.problem('aborted', `${id} was given up: ${tracker.error?.message ?? ''}`);
    }
  }
}

/** A message is given out again only if it was given back, or if a cut has left something without an outcome. */
function doublesHaveReasons(ledger: Ledger, sent: Sent, handled: readonly Handled[]): void {
  for (let index = 1; index < handled.length; index++) {
    const [before, again] = [handled[index - 1]!, handled[index]!];
    if (before.outcome === 'released' || before.outcome === 'failed') continue;
    const isExcused =
      ledger.wasDisturbed(sent.by, sent.at, again.at) ||
      // They may arrive in another order than they were sent.
      handled.slice(0, index + 1).some(({ by }) => ledger.wasDisturbed(by, sent.at, again.at));
    if (!isExcused) {
      ledger.problem(
        'double',
        `${sent.id} was given to ${before.by} (${before.outcome ?? 'no outcome'}) and to ${again.by}`,
      );
    }
  }
}

/** Delivery counts rise only for failures: of programs, and of connections. */
function countsAreFailures(plan: Plan, ledger: Ledger, { id, at, to }: Sent, handled: readonly Handled[]): void {
  let failures = 0;
  for (const one of handled) {
    const isDisturbed = ledger.disturbances > 0;
    if (!isDisturbed && one.deliveryCount > failures) {
      ledger.problem(
        'count',
        `${id}, put at ${at}, has a delivery count of ${one.deliveryCount} after ${failures} failures`,
      );
    }
    if (one.outcome === 'failed') failures++;
  }
  const { maxDeliveries } = plan.brokers.find(({ name }) => to.includes(name))!;
  if (ledger.disturbances === 0 && failures > maxDeliveries) {
    ledger.problem('deliveries', `${id} has failed ${failures} times, and ${maxDeliveries} are allowed`);
  }
}

/** Where one messenger receives from a queue, the messages of one sender are first given out in the order they were put. */
function orderIsKept(plan: Plan, ledger: Ledger): void {
  // Who comes back from a connection that has vanished competes with the one it was, until the broker finds out.
  if (plan.faults.some(({ kind }) => kind === 'half-open')) return;
  const receivers = new Map<string, number>();
  for (const { receivesFrom } of plan.messengers) {
    for (const queue of receivesFrom) receivers.set(queue, (receivers.get(queue) ?? 0) + 1);
  }
  const last = new Map<string, { at: number; id: string; put: number }>();
  const order = new Map([...ledger.sent.keys()].map((id, index) => [id, index]));
  for (const [id, [first]] of ledger.handled) {
    const sent = ledger.sent.get(id);
    if (sent === undefined || first === undefined || receivers.get(sent.to) !== 1) continue;
    // What came back to its sender was sent again later.
    if (ledger.wasDisturbed(sent.by, sent.at, sent.endedAt ?? Infinity)) continue;
    const key = `${sent.by} ${sent.to}`;
    const put = order.get(id)!;
    const before = last.get(key);
    if (before !== undefined && put < before.put) {
      ledger.problem('order', `${id} was given out after ${before.id}, which was put later`);
    }
    last.set(key, { at: first.at, id, put });
  }
}
