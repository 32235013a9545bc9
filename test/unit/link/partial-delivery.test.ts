import { randomBytes } from 'node:crypto';
import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { PartialDelivery } from '../../../src/link/session/partial-delivery.js';
import { ByteBudget } from '../../../src/link/wire/byte-budget.js';
import { memoryInUse } from '../../support/memory.js';

describe('PartialDelivery', () => {
  it('puts the parts together in order, whatever their sizes', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5000), { maxLength: 40 }), (sizes) => {
        const parts = sizes.map((size) => randomBytes(size));
        const partial = new PartialDelivery(1, 0, new ByteBudget(Infinity));
        for (const part of parts)
          partial.add(Buffer.concat([Buffer.from('<'), part, Buffer.from('>')]), 1, part.length + 1);
        expect(partial.size).toBe(sizes.reduce((sum, size) => sum + size, 0));
        expect(partial.whole().equals(Buffer.concat(parts))).toBe(true);
      }),
    );
  });

  it('is empty when nothing has come', () => {
    expect(new PartialDelivery(1, 0, new ByteBudget(Infinity)).whole()).toHaveLength(0);
  });

  it('keeps nothing of the chunks its parts came in', () => {
    const before = memoryInUse();
    const partial = new PartialDelivery(1, 0, new ByteBudget(Infinity));
    for (let part = 0; part < 20_000; part++) partial.add(Buffer.allocUnsafeSlow(4096), 100, 101);
    // Twenty thousand parts, too, would be more than this.
    expect(memoryInUse() - before).toBeLessThan(500_000);
    expect(partial.whole()).toHaveLength(20_000);
  });

  it('takes little more memory than its bytes', () => {
    const part = Buffer.alloc(10_000);
    const before = memoryInUse();
    const partial = new PartialDelivery(1, 0, new ByteBudget(Infinity));
    for (let index = 0; index < 2000; index++) partial.add(part, 0, part.length);
    expect(memoryInUse() - before).toBeLessThan(23_000_000);
    expect(partial.size).toBe(20_000_000);
  });
});
