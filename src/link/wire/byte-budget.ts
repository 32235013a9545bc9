/** How many messages of the largest size a connection may hold that are not whole yet, or came without credit. */
const MESSAGES = 4;

/**
 * The bytes that peers may have us hold without having been given credit for them: of messages that are not whole yet, and of
 * those beyond the credit. A messenger or broker has one budget, and each of its connections a part of it, so that one of
 * them does not take it all.
 */
export class ByteBudget {
  /** In bytes. */
  readonly limit: number;
  readonly #whole: ByteBudget | undefined;
  #used = 0;

  /** @param whole - The budget that this is a part of. */
  constructor(limit: number, whole?: ByteBudget) {
    this.limit = limit;
    this.#whole = whole;
  }

  /** The budget of a messenger or broker: so many bytes, but room for one message in any case. */
  static of(bytes: number, maxMessageSize: number): ByteBudget {
    return new ByteBudget(Math.max(bytes, maxMessageSize));
  }

  /** The part of one connection. */
  part(maxMessageSize: number): ByteBudget {
    return new ByteBudget(Math.min(this.limit, MESSAGES * maxMessageSize), this);
  }

  /** Bytes that are held now. */
  get used(): number {
    return this.#used;
  }

  /** Takes so many bytes of it. Returns false, and takes none, when there are not as many left. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.limit || this.#whole?.take(bytes) === false) return false;
    this.#used += bytes;
    return true;
  }

  /** Takes so many bytes of it that are held in any case, whether they are left or not. */
  charge(bytes: number): void {
    this.#used += bytes;
    this.#whole?.charge(bytes);
  }

  /** Gives back so many of the bytes that were taken. */
  giveBack(bytes: number): void {
    this.#used -= bytes;
    this.#whole?.giveBack(bytes);
  }
}
