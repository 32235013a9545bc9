import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { AUTOMATIC_CREDIT, CreditScheduler } from '../../../src/messenger/incoming/credit-scheduler.js';
import type { CreditedLink } from '../../../src/messenger/incoming/credit-scheduler.js';
import { memoryInUse } from '../../support/memory.js';

/** A link whose peer behaves as a test has it. */
class PeerLink implements CreditedLink {
  pooled = 0;
  returned = 0;
  isDraining = false;
  /** Whether its peer cannot be asked. */
  isDeaf = false;
  /** How often it got credit. */
  grants = 0;
  readonly credit = {
    link: this as PeerLink,
    get pooled(): number {
      return this.link.pooled;
    },
    takeReturned(): number {
      const { returned } = this.link;
      this.link.returned = 0;
      return returned;
    },
  };

  issueCredit(count: number): void {
    expect(count).toBeGreaterThan(0);
    this.pooled += count;
    this.grants++;
  }

  drain(): boolean {
    if (this.isDeaf) return false;
    this.isDraining = true;
    return true;
  }

  giveBack(): void {
    this.isDraining = false;
    this.returned += this.pooled;
    this.pooled = 0;
  }
}

/** A scheduler with links that behave as peers do: they hold what they are granted until messages use it up. */
class Peers {
  readonly links = new Map<string, PeerLink>();
  readonly scheduler = new CreditScheduler<PeerLink>();

  link(name: string): PeerLink {
    return this.links.get(name)!;
  }

  of(name: string): number {
    return this.links.get(name)?.pooled ?? 0;
  }

  /** The names of the links that were asked to give back. */
  get draining(): string[] {
    return [...this.links].filter(([, { isDraining }]) => isDraining).map(([name]) => name);
  }

  get granted(): number {
    return this.shares.reduce((sum, credit) => sum + credit, 0);
  }

  add(...names: string[]): void {
    for (const name of names) {
      const link = new PeerLink();
      this.links.set(name, link);
      this.scheduler.add(link);
    }
  }

  /** The peer sends this many messages over a link. */
  send(name: string, count = 1): void {
    const link = this.link(name);
    link.pooled -= count;
    if (link.pooled === 0) link.isDraining = false;
    this.scheduler.changed(link);
  }

  /** The peer answers a drain: it gives back what it has. */
  giveBack(name: string): void {
    this.link(name).giveBack();
    this.scheduler.changed(this.link(name));
  }

  /** The connection of a link is lost. */
  remove(name: string): void {
    const link = this.link(name);
    link.giveBack();
    this.scheduler.remove(link);
    this.links.delete(name);
  }

  /** Credit by link, in the order the links came. */
  get shares(): number[] {
    return [...this.links.values()].map(({ pooled }) => pooled);
  }
}

function explicit(count: number, ...links: string[]): Peers {
  const peers = new Peers();
  peers.add(...links);
  peers.scheduler.setExplicit(count);
  peers.scheduler.run(0);
  return peers;
}

describe('explicit credit', () => {
  it('of 50 is 16 for each of three links, and 2 wait', () => {
    const peers = explicit(50, 'a', 'b', 'c');
    expect(peers.shares).toEqual([16, 16, 16]);
    expect(peers.scheduler.receiving).toBe(50);
    for (const link of ['a', 'b', 'c']) peers.send(link);
    expect(peers.scheduler.receiving).toBe(47);
  });

  it('goes to the first link when there is but one, and in equal parts to two after a drain', () => {
    const peers = explicit(5, 'one');
    expect(peers.shares).toEqual([5]);
    peers.send('one');
    peers.add('two');
    peers.scheduler.run(1);
    expect([...peers.shares, peers.scheduler.receiving]).toEqual([4, 0, 4]);
    expect(peers.scheduler.starved).toBe(true);

    peers.scheduler.rebalance();
    expect(peers.draining).toEqual(['one']);
    expect(peers.scheduler.starved).toBe(false);
    peers.giveBack('one');
    peers.scheduler.run(1);
    expect(peers.shares).toEqual([2, 2]);
  });

  it('gives what is there to the links that came first when it is too little for all', () => {
    const peers = explicit(2, 'a', 'b', 'c');
    expect(peers.shares).toEqual([1, 1, 0]);
  });

  it('is never taken back by a smaller number', () => {
    const peers = explicit(10, 'a');
    peers.scheduler.setExplicit(3);
    peers.scheduler.run(0);
    expect([peers.of('a'), peers.scheduler.receiving]).toEqual([10, 10]);
    peers.scheduler.setExplicit(0);
    expect(peers.scheduler.receiving).toBe(10);
  });

  it('counts what is granted, and not what is queued', () => {
    const peers = explicit(10, 'a');
    peers.send('a', 4);
    peers.scheduler.setExplicit(20);
    peers.scheduler.run(4);
    expect(peers.scheduler.receiving).toBe(20);
  });

  it('is kept for links that come later', () => {
    const peers = explicit(7);
    expect(peers.scheduler.receiving).toBe(7);
    peers.add('a');
    peers.scheduler.run(0);
    expect(peers.shares).toEqual([7]);
  });

  it('of a link that is gone goes to the others', () => {
    const peers = explicit(6, 'a', 'b');
    peers.send('a');
    peers.remove('a');
    expect(peers.scheduler.receiving).toBe(5);
    peers.add('c');
    peers.scheduler.run(1);
    expect([peers.of('b'), peers.of('c')]).toEqual([3, 2]);
  });

  it('tops up a link that falls below half of its share, as far as the pool goes', () => {
    const peers = explicit(10, 'a');
    peers.scheduler.setExplicit(100);
    // A share is a hundred now, and half of it fifty: the link is topped up.
    peers.scheduler.run(0);
    expect([peers.of('a'), peers.scheduler.receiving]).toEqual([100, 100]);
    peers.send('a');
    expect([peers.of('a'), peers.scheduler.receiving]).toEqual([99, 99]);
    peers.scheduler.setExplicit(110);
    peers.send('a', 44);
    expect([peers.of('a'), peers.scheduler.receiving]).toEqual([55, 66]);
    peers.send('a', 45);
    expect(peers.of('a')).toBe(10);
    peers.scheduler.run(0);
    expect([peers.of('a'), peers.scheduler.receiving]).toEqual([21, 21]);
  });

  it('is not topped up for one link while another waits', () => {
    const peers = explicit(3, 'a', 'b', 'c', 'd');
    expect(peers.shares).toEqual([1, 1, 1, 0]);
    peers.send('a');
    peers.scheduler.run(1);
    // It stands at the end of the line, and there is nothing left to give.
    expect(peers.shares).toEqual([0, 1, 1, 0]);
  });
});

describe('automatic credit', () => {
  it('keeps 1024 messages granted or queued for each link', () => {
    const peers = new Peers();
    peers.add('a', 'b', 'c');
    peers.scheduler.setAutomatic();
    peers.scheduler.run(0);
    expect(peers.shares).toEqual([1024, 1024, 1024]);
    expect(peers.scheduler.receiving).toBe(3072);
  });

  it('stops at 1024 for one link, and goes on as messages are taken', () => {
    const peers = new Peers();
    peers.add('a');
    peers.scheduler.setAutomatic();
    peers.scheduler.run(0);
    for (let queued = 1; queued <= 1024; queued++) {
      peers.send('a');
      peers.scheduler.run(queued);
    }
    expect(peers.scheduler.receiving).toBe(0);
    peers.scheduler.run(924);
    expect([peers.of('a'), peers.scheduler.receiving]).toEqual([100, 100]);
  });

  it('is granted in parts of at least half a share while messages are taken as they come', () => {
    const peers = new Peers();
    peers.add('a');
    peers.scheduler.setAutomatic();
    for (let index = 0; index < 10_240; index++) {
      peers.scheduler.run(0);
      peers.send('a');
    }
    expect(peers.link('a').grants).toBeLessThanOrEqual(21);
  });
});

describe('manual credit', () => {
  it('grants nothing, and drains nothing', () => {
    const peers = explicit(2, 'a', 'b', 'c');
    peers.scheduler.setManual();
    peers.scheduler.run(0);
    expect(peers.shares).toEqual([1, 1, 0]);
    expect(peers.scheduler.starved).toBe(false);
    peers.scheduler.rebalance();
    expect(peers.draining.length).toBe(0);
    expect(peers.scheduler.receiving).toBe(2);
  });
});

describe('a link that comes with credit', () => {
  it('holds on to it, and only the rest is granted', () => {
    const peers = explicit(0, 'a');
    const link = new PeerLink();
    link.pooled = 3;
    peers.links.set('b', link);
    peers.scheduler.add(link);
    expect(peers.scheduler.receiving).toBe(3);
    peers.scheduler.setExplicit(5);
    peers.scheduler.run(0);
    expect(peers.granted).toBe(5);
    peers.send('b', 3);
    expect(peers.scheduler.receiving).toBe(2);
  });
});

describe('a drain', () => {
  it('asks as many links as cover a share for every link that waits, in the order they got credit', () => {
    const peers = explicit(12, 'a', 'b', 'c');
    expect(peers.shares).toEqual([4, 4, 4]);
    peers.add('d');
    peers.scheduler.run(0);
    peers.scheduler.rebalance();
    // A share is three, and the first link holds more.
    expect(peers.draining).toEqual(['a']);
  });

  it('passes over a link that cannot be asked', () => {
    const peers = explicit(8, 'a', 'b');
    peers.add('c');
    peers.link('a').isDeaf = true;
    peers.scheduler.rebalance();
    expect(peers.draining).toEqual(['b']);
  });

  it('asks others when those that were asked do not answer', () => {
    const peers = explicit(8, 'a', 'b');
    peers.add('c');
    peers.scheduler.rebalance();
    expect(peers.draining).toEqual(['a']);
    expect(peers.scheduler.starved).toBe(true);
    peers.scheduler.rebalance();
    expect(peers.draining).toEqual(['a', 'b']);
    expect(peers.scheduler.starved).toBe(false);
    peers.giveBack('b');
    peers.scheduler.run(0);
    expect(peers.shares).toEqual([4, 2, 2]);
  });

  it('ends when messages have used the credit up', () => {
    const peers = explicit(1, 'a');
    peers.add('b');
    peers.scheduler.rebalance();
    peers.send('a');
    expect(peers.scheduler.receiving).toBe(0);
    peers.scheduler.setExplicit(1);
    peers.scheduler.run(1);
    expect(peers.shares).toEqual([0, 1]);
  });
});

type Step =
  | { readonly name: 'add' | 'remove' | 'send' | 'giveBack'; readonly index: number }
  | { readonly name: 'run' | 'rebalance' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ name: fc.constantFrom('add' as const, 'remove' as const, 'giveBack' as const), index: fc.nat(4) }),
  { weight: 4, arbitrary: fc.record({ name: fc.constant('send' as const), index: fc.nat(4) }) },
  fc.constantFrom<Step>({ name: 'run' }, { name: 'rebalance' }),
);

/** Does a step where peers could do it. Returns whether a message was sent. */
function take(peers: Peers, next: Step, queued = 0): boolean {
  if (next.name === 'run') peers.scheduler.run(queued);
  if (next.name === 'rebalance') peers.scheduler.rebalance();
  if (!('index' in next)) return false;
  const link = `link ${next.index}`;
  const isThere = peers.links.has(link);
  if (next.name === 'add' && !isThere) peers.add(link);
  if (next.name === 'remove' && isThere) peers.remove(link);
  if (next.name === 'giveBack' && peers.links.get(link)?.isDraining === true) peers.giveBack(link);
  if (next.name !== 'send' || peers.of(link) === 0) return false;
  peers.send(link);
  return true;
}

describe('credit', () => {
  it('is never made and never lost in explicit mode: each message uses one', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.array(step, { maxLength: 120 }), (count, steps) => {
        const peers = explicit(count);
        let expected = count;
        for (const next of steps) {
          if (take(peers, next)) expected--;
          expect(peers.scheduler.receiving).toBe(expected);
          expect(peers.granted).toBeLessThanOrEqual(expected);
        }
      }),
    );
  });

  it('leaves no link without while there is some and nothing is being drained', () => {
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 60 }), fc.array(step, { maxLength: 60 }), (count, steps) => {
        const peers = explicit(count);
        for (const next of steps) take(peers, next);
        for (let round = 0; round < 6; round++) {
          peers.scheduler.run(0);
          peers.scheduler.rebalance();
          for (const link of peers.draining) peers.giveBack(link);
        }
        peers.scheduler.run(0);
        const without = peers.shares.filter((credit) => credit === 0).length;
        expect(without).toBe(Math.max(0, peers.links.size - peers.scheduler.receiving));
      }),
    );
  });

  it('granted and queued together stay within 1024 a link in automatic mode', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.nat(3000), (steps, queued) => {
        const peers = new Peers();
        peers.scheduler.setAutomatic();
        for (const next of steps) {
          const before = peers.granted;
          take(peers, next, queued);
          peers.scheduler.run(queued);
          const limit = AUTOMATIC_CREDIT * peers.links.size - queued;
          expect(peers.granted).toBeLessThanOrEqual(Math.max(limit, before, 0));
        }
      }),
    );
  });
});

describe('a run', () => {
  it('looks only at links whose credit was used, however many there are', () => {
    const peers = new Peers();
    for (let index = 0; index < 1000; index++) peers.add(`link ${index}`);
    peers.scheduler.setAutomatic();
    peers.scheduler.run(0);
    peers.scheduler.run(0);
    let looks = 0;
    for (const link of peers.links.values()) {
      Object.defineProperty(link.credit, 'pooled', { get: () => (looks++, link.pooled) });
    }
    for (let message = 0; message < 600; message++) peers.send('link 7');
    looks = 0;
    peers.send('link 7');
    peers.scheduler.run(0);
    expect(looks).toBeLessThan(5);
    expect(peers.of('link 7')).toBe(1024);
  });
});

describe('what a link has used up', () => {
  it('is not kept, however often the link is granted credit again', () => {
    const peers = explicit(2, 'a');
    const round = (): void => {
      peers.send('a');
      peers.send('a');
      peers.scheduler.setExplicit(2);
      peers.scheduler.run(0); // the link waits, and takes the whole pool
    };
    for (let warm = 0; warm < 1000; warm++) round();
    const before = memoryInUse();
    for (let rounds = 0; rounds < 50_000; rounds++) round();
    expect(memoryInUse() - before).toBeLessThan(500_000);
    expect(peers.shares).toEqual([2]);
  });
});

describe('a link that comes with credit of its own', () => {
  it('takes it along when it goes: others get none of it', () => {
    const scheduler = new CreditScheduler<PeerLink>();
    const [rich, poor] = [new PeerLink(), new PeerLink()];
    rich.pooled = 1024;
    scheduler.add(rich);
    scheduler.add(poor);
    // Messages use some of it, and the peer gives some back.
    rich.pooled = 1000;
    scheduler.changed(rich);
    [rich.returned, rich.pooled] = [100, 900];
    scheduler.changed(rich);
    scheduler.remove(rich);
    scheduler.run(0);
    expect([scheduler.ungranted, poor.pooled]).toEqual([0, 0]);
  });

  it('gives back to the pool what it has got from there', () => {
    const scheduler = new CreditScheduler<PeerLink>();
    const link = new PeerLink();
    link.pooled = 2;
    scheduler.add(link);
    scheduler.setExplicit(10);
    scheduler.run(0);
    expect(link.pooled).toBe(10);
    scheduler.remove(link);
    expect(scheduler.ungranted).toBe(8);
  });
});
