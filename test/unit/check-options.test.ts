import { describe, expect, it } from 'vitest';
import { ClientQueue, ClientQueueStore } from '../../src/queue.js';
import { EmbeddedBroker } from '../../src/broker.js';
import { Messenger } from '../../src/index.js';
import { MemoryBroker } from '../../src/pubsub.js';
import { checkNames } from '../../src/check-options.js';
import { OptionError } from '../../src/errors.js';

describe('an unknown option', () => {
  it.each<[string, () => unknown]>([
    ['outgoingWindw of a messenger. Did you mean outgoingWindow?', () => new Messenger({ outgoingWindw: 1 } as never)],
    ['retires of reconnect. Did you mean retries?', () => new Messenger({ reconnect: { retires: 1 } } as never)],
    ['maxMesages of a broker. Did you mean maxMessages?', () => new EmbeddedBroker({ maxMesages: 1 } as never)],
    ['capcity of a ClientQueue. Did you mean capacity?', () => new ClientQueue({ capcity: 1 } as never)],
    ['clok of a ClientQueueStore. Did you mean clock?', () => new ClientQueueStore({ clok: 1 } as never)],
    ['capcity of a MemoryBroker. Did you mean capacity?', () => new MemoryBroker({ capcity: 1 } as never)],
  ])('is refused: %s', (text, make) => {
    expect(make).toThrow(new OptionError(`There is no option ${text}`));
  });

  it('is answered with all options when none has a similar name', () => {
    const check = (): void => checkNames('a kettle', { whistle: true }, ['volume', 'power']);
    expect(check).toThrow(new OptionError('There is no option whistle of a kettle. There are: volume, power.'));
  });

  it.each([null, 'text', 5])('cannot be looked for in %s, which is not an object', (options) => {
    expect(() => checkNames('a kettle', options as never, [])).toThrow('The options of a kettle must be an object.');
  });
});
