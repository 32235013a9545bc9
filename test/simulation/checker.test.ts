import { expect, it } from 'vitest';
import type { Status } from '../../src/index.js';
import { check } from './checker.js';
import { Ledger } from './ledger.js';
import type { Handled, Sent } from './ledger.js';
import { planOf } from './plan.js';
import type { Plan } from './plan.js';

const QUEUE = 'amqp://broker-0/q0';

/** A plan in which one messenger sends to a queue and receives from it. */
function planned(): Plan {
  const plan = planOf(1);
  const [messenger] = plan.messengers;
  const [broker] = plan.brokers;
  return {
    ...plan,
    brokers: [{ ...broker!, name: 'broker-0', maxDeliveries: 3 }],
    messengers: [{ ...messenger!, name: 'm', outgoingWindow: 10, receivesFrom: [QUEUE], maxRedeliveries: Infinity }],
  };
}

function sent(ledger: Ledger, id: string, status: Status): void {
  const tracker = { direction: 'outgoing', status, error: undefined, outcome: () => Promise.resolve(status) } as const;
  const message: Sent = { id, by: 'm', to: QUEUE, at: 1, tracker, endedAt: status === 'pending' ? undefined : 2 };
  ledger.sent.set(id, message);
}

function handled(ledger: Ledger, id: string, change: Partial<Handled> = {}): void {
  ledger.handle({ id, by: 'm', from: QUEUE, at: 3, deliveryCount: 0, outcome: 'accepted', ...change });
}

function problemsOf(story: (ledger: Ledger) => void): string[] {
  const ledger = new Ledger();
  story(ledger);
  check(planned(), ledger);
  return ledger.problems.map((problem) => problem.slice(0, problem.indexOf(':')));
}

it.each<[title: string, expected: string[], story: (ledger: Ledger) => void]>([
  [
    'a message that was accepted and handled',
    [],
    (l) => {
      sent(l, 'a', 'accepted');
      handled(l, 'a');
    },
  ],
  [
    'one that is still in a queue',
    [],
    (l) => {
      sent(l, 'a', 'accepted');
      l.found('a');
    },
  ],
  [
    'one that nobody has',
    ['lost'],
    (l) => {
      sent(l, 'a', 'accepted');
    },
  ],
  [
    'one that was only given back',
    ['lost'],
    (l) => {
      sent(l, 'a', 'accepted');
      handled(l, 'a', { outcome: 'released' });
    },
  ],
  ['one that was never accepted', [], (l) => sent(l, 'a', 'rejected')],
  ['one without an outcome', ['pending'], (l) => sent(l, 'a', 'pending')],
  ['one that was given up', ['aborted'], (l) => sent(l, 'a', 'aborted')],
  [
    'one that was given up by its program',
    [],
    (l) => {
      sent(l, 'a', 'aborted');
      l.disturbed('stop m', 1.5);
    },
  ],
  [
    'one that was given up while its program was stopping',
    [],
    (l) => {
      sent(l, 'a', 'aborted');
      l.disturbed('stop m', 0.5, 9);
    },
  ],
  [
    'one that was given up when its link had failed for the third time',
    [],
    (l) => {
      sent(l, 'a', 'aborted');
      for (const time of [1.1, 1.2, 1.9]) l.disturbed('link of m', time);
    },
  ],
  [
    'one that was given up when its link had failed twice',
    ['aborted'],
    (l) => {
      sent(l, 'a', 'aborted');
      for (const time of [1.1, 1.9]) l.disturbed('link of m', time);
    },
  ],
  [
    'one that was given up after its program had stopped',
    ['aborted'],
    (l) => {
      sent(l, 'a', 'aborted');
      l.disturbed('stop m', 0.5, 0.9);
    },
  ],
  ['one that nobody has sent', ['unsent'], (l) => handled(l, 'a')],
  ['one in a queue that nobody has sent', ['unsent'], (l) => l.found('a')],
  [
    'one from elsewhere',
    ['misplaced'],
    (l) => {
      sent(l, 'a', 'accepted');
      handled(l, 'a', { from: 'amqp://broker-0/q1' });
    },
  ],
  [
    'one that was handled twice',
    ['double'],
    (l) => {
      sent(l, 'a', 'accepted');
      handled(l, 'a');
      handled(l, 'a');
    },
  ],
  [
    'one that was given back in between',
    [],
    (l) => {
      sent(l, 'a', 'accepted');
      handled(l, 'a', { outcome: 'released' });
      handled(l, 'a');
    },
  ],
  [
    'one that a cut has left without an outcome',
    [],
    (l) => {
      sent(l, 'a', 'accepted');
      handled(l, 'a');
      l.disturbed('m', 2);
      handled(l, 'a');
    },
  ],
  [
    'messages in another order',
    ['order'],
    (l) => {
      sent(l, 'a', 'accepted');
      sent(l, 'b', 'accepted');
      handled(l, 'b');
      handled(l, 'a');
    },
  ],
  [
    'a count without a failure',
    ['count'],
    (l) => {
      sent(l, 'a', 'accepted');
      handled(l, 'a', { deliveryCount: 1 });
    },
  ],
  [
    'more failures than allowed',
    ['deliveries'],
    (l) => {
      sent(l, 'a', 'accepted');
      l.found('a');
      for (let count = 0; count < 4; count++) handled(l, 'a', { deliveryCount: count, outcome: 'failed' });
    },
  ],
])('of %s it tells %j', (_title, expected, story) => {
  expect(problemsOf(story)).toEqual(expected);
});
