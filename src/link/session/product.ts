/** The sort of node that an address leads to, as the capabilities `queue` and `topic` name it. */
type NodeKind = 'queue' | 'topic';

/**
 * What is known of a broker beyond what it says. Each line was seen in a run; docs/negotiation.md says which release.
 * A broker that is not known is believed.
 */
export interface Product {
  /** Its name in messages for people. */
  readonly name: string;
  /** True when it can be asked to give credit back. */
  readonly canDrain: boolean;
  /**
   * The capabilities of a node that it understands: it grants what it then says it has. Others it may repeat without
   * knowing them. `undefined`: it says of each what it has.
   */
  readonly capabilities: readonly string[] | undefined;
  /** True when it makes a queue or a topic of an address according to who uses it first: see `NodeProbe`. */
  readonly kindFollowsUse: boolean;
  /** The kind of a source, where the broker goes by the address and takes no notice of capabilities. */
  readonly kindOf: ((address: string) => NodeKind) | undefined;
  /** Tells whether it applies a filter that it has agreed to. `names` are all that were agreed to. */
  readonly filters: (name: string, names: readonly string[]) => boolean;
  /** Tells whether it leaves messages in the queue for a receiver that it has agreed may only look at them. */
  readonly copies: (filters: readonly string[]) => boolean;
  /** The advice for who wants to filter there. */
  readonly filterAdvice: string;
}

const UNKNOWN: Product = {
  name: 'The peer',
  canDrain: true,
  capabilities: undefined,
  kindFollowsUse: false,
  kindOf: undefined,
  filters: () => true,
  copies: () => true,
  filterAdvice: 'Leave it out, and look at each message.',
};

const isStreamFilter = (name: string): boolean => name.startsWith('rabbitmq:stream-');
const STREAM_ADVICE = 'Only its streams filter. Leave it out, and look at each message.';

const rabbitmq: Product = {
  ...UNKNOWN,
  name: 'RabbitMQ',
  // Receivers attach to queues alone, so it need not say so, and 4.3 does not.
  capabilities: ['temporary-queue'],
  kindOf: (address) => (/^\/?(exchanges?|topic)\//.test(address) ? 'topic' : 'queue'),
  // It agrees to SQL on queues, too, and hands everything out. A stream is told by the filters that only streams have.
  filters: (name, names) => isStreamFilter(name) || names.some(isStreamFilter),
  filterAdvice: `${STREAM_ADVICE} If this is a stream, say where to begin with the filter rabbitmq:stream-offset-spec.`,
};

/** Up to 4.2: it repeats whatever it is asked for. */
const rabbitmqEchoes: Product = {
  ...rabbitmq,
  filters: isStreamFilter,
  copies: (filters) => filters.some(isStreamFilter),
  filterAdvice: STREAM_ADVICE,
};

const artemis: Product = {
  ...UNKNOWN,
  name: 'Artemis',
  kindFollowsUse: true,
  capabilities: ['queue', 'topic', 'shared', 'global', 'temporary-queue', 'temporary-topic'],
};

const classic: Product = {
  ...UNKNOWN,
  name: 'ActiveMQ Classic',
  capabilities: ['temporary-queue', 'temporary-topic'],
  kindOf: (address) => (/^(temp-)?topic:/.test(address) ? 'topic' : 'queue'),
};

/** Recognises a broker by the properties of its open frame. */
export function productOf(properties: Readonly<Record<string, unknown>> | undefined): Product {
  const [product, version] = [properties?.['product'], properties?.['version']].map((value) =>
    typeof value === 'string' ? value : '',
  );
  if (product === 'RabbitMQ') {
    // Release 3 crashes its own session when it is to give credit back.
    if (isBelow(version, 4, 0)) return { ...rabbitmqEchoes, canDrain: false };
    return isBelow(version, 4, 3) ? rabbitmqEchoes : rabbitmq;
  }
  if (product === 'apache-activemq-artemis') return artemis;
  if (product === 'ActiveMQ') return classic;
  return UNKNOWN;
}

function isBelow(version: string | undefined, major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = (version ?? '').split('.').map(Number);
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
}
