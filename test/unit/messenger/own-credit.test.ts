import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OwnCredit } from '../../../src/messenger/incoming/own-credit.js';

/** A link whose peer sends, settles and goes away as a test has it. */
class FakeLink {
  credit = 0;
  settledInQueue = 0;
  /** Unsettled, and waiting to be got. */
  waiting = 0;
  /** Unsettled, and got. */
  got = 0;

  get unsettled(): number {
    return this.waiting + this.got;
  }

  get outstanding(): number {
    return this.credit + this.unsettled + this.settledInQueue;
  }

  issueCredit(count: number): void {
    this.credit += count;
  }
}

const commands = fc.array(
  fc.oneof(
    fc.constantFrom('send', 'sendSettled', 'get', 'getSettled', 'settle', 'settledByPeer', 'reconnect', 'drain'),
    fc.integer({ min: 0, max: 40 }),
  ),
  { maxLength: 200 },
);

/** What the peer or the program does, if it can. */
function act(share: OwnCredit<FakeLink>, link: FakeLink, command: string): void {
  const isSend = command.startsWith('send');
  if (isSend && link.credit === 0) return;
  if (isSend) link.credit--;
  if (command === 'send') link.waiting++;
  if (command === 'sendSettled') share.settledInQueue(link, 1);
  if (command === 'get' && link.waiting > 0) {
    link.waiting--;
    link.got++;
  }
  if (command === 'getSettled' && link.settledInQueue > 0) share.gotSettled(link);
  if (command === 'settle' && link.got > 0) {
    link.got--;
    share.run(link);
  }
  if (command === 'settledByPeer' && link.waiting > 0) {
    link.waiting--;
    share.settledInQueue(link, 1);
    share.run(link);
  }
  if (command === 'reconnect') reconnect(share, link);
  if (command === 'drain') {
    link.credit = 0;
    share.run(link);
  }
}

/** What had no outcome is aborted and taken out of the queue; what had come settled stays in it. */
function reconnect(share: OwnCredit<FakeLink>, link: FakeLink): void {
  share.delete(link);
  link.credit = link.waiting = link.got = 0;
  share.set(link, LIMIT);
}
const LIMIT = 10;

describe('a share of credit of its own', () => {
  it('is never exceeded, and never leaves a link without credit while it lacks some', () => {
    fc.assert(
      fc.property(commands, (sequence) => {
        const share = new OwnCredit<FakeLink>();
        const link = new FakeLink();
        let limit = LIMIT;
        share.set(link, limit);
        for (const command of sequence) {
          const before = link.outstanding;
          if (typeof command === 'number') share.set(link, (limit = command));
          else act(share, link, command);
          if (command === 'reconnect') limit = LIMIT;
          // What is out when the share becomes smaller cannot be taken back.
          expect(link.outstanding).toBeLessThanOrEqual(Math.max(limit, before));
          if (link.outstanding < limit) expect(link.credit).toBeGreaterThan(0);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('grants nothing of a share of 0', () => {
    const share = new OwnCredit<FakeLink>();
    const link = new FakeLink();
    share.set(link, 0);
    share.run(link);
    expect(link.credit).toBe(0);
  });

  it('grants when half of it is missing, not with each message', () => {
    const share = new OwnCredit<FakeLink>();
    const link = new FakeLink();
    share.set(link, 10);
    let grants = 0;
    link.issueCredit = (count) => {
      grants++;
      link.credit += count;
    };
    for (let message = 0; message < 100; message++) {
      for (const command of ['send', 'get', 'settle']) act(share, link, command);
    }
    expect(grants).toBe(20);
    expect(link.outstanding).toBeLessThanOrEqual(10);
  });

  it('counts what waits from before it was a share', () => {
    const share = new OwnCredit<FakeLink>();
    const link = new FakeLink();
    share.settledInQueue(link, 4);
    share.set(link, 10);
    expect(link.credit).toBe(6);
  });

  it('leaves links without a share alone', () => {
    const share = new OwnCredit<FakeLink>();
    const link = new FakeLink();
    share.set(link, 5);
    share.delete(link);
    link.credit = 0;
    share.run(link);
    expect(share.has(link)).toBe(false);
    expect(link.credit).toBe(0);
  });
});
