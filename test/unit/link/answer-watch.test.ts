import { describe, expect, it } from 'vitest';
import { AnswerWatch } from '../../../src/link/connection/answer-watch.js';
import type { WatchedTransport } from '../../../src/link/connection/answer-watch.js';
import type { OwedAnswers } from '../../../src/link/session/owed-answers.js';
import { FakeClock } from '../../support/fake-clock.js';

/** A watch over a peer of which the test says what it owes. */
function watch(owed: () => Partial<OwedAnswers>): { clock: FakeClock; left: number[]; answers: AnswerWatch } {
  const clock = new FakeClock();
  const left: number[] = [];
  const answers = new AnswerWatch({ answerTimeout: 6000, environment: { clock } }, { size: 2 }, () => undefined);
  const nothing: OwedAnswers = { attaches: [], detaches: [], deliveries: [], outcomes: 0, written: 0, isBehind: false };
  const links = { owed: () => ({ ...nothing, ...owed() }) } as unknown as WatchedTransport['links'];
  answers.start({ links, leave: () => left.push(clock.now()) });
  return { clock, left, answers };
}

// Compared by identity alone.
const delivery = {} as OwedAnswers['deliveries'][number];

describe('a watch over answers', () => {
  it('counts from when it has seen the message', () => {
    const { clock, left } = watch(() => ({ deliveries: [delivery] }));
    clock.advance(7000);
    expect(left).toEqual([7000]);
  });

  it('gives a peer that takes what waits for the socket the time it needs', () => {
    let written = 0;
    const { clock, left } = watch(() => ({ deliveries: [delivery], written: (written += 1000), isBehind: true }));
    clock.advance(60_000);
    expect(left).toEqual([]);
  });

  it('gives none to a peer that takes nothing', () => {
    const { clock, left } = watch(() => ({ deliveries: [delivery], written: 1000, isBehind: true }));
    clock.advance(8000);
    expect(left).toEqual([8000]);
  });

  it('sets no timer once it is stopped', () => {
    const { clock, answers } = watch(() => ({}));
    clock.advance(3000);
    answers.stop();
    expect(clock.timers).toBe(0);
  });
});
