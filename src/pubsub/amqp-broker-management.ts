import { parseAddress } from '../address/address.js';
import { resolveEndpoint } from '../address/endpoint.js';
import { connectionSettings } from '../link/connection/connection-settings.js';
import { LinkPair } from '../link/connection/link-pair.js';
import type { MessengerOptions } from '../messenger/options/options.js';
import { resolveOptions } from '../messenger/options/settings.js';
import type { ManagementRequest } from './amqp-broker-peer.js';
import { TopologyError } from './errors.js';

/** Asks the management node of a peer, over a connection that is there only while something is asked. */
export class Management {
  readonly #url: string;
  readonly #node: string | undefined;
  readonly #options: MessengerOptions;
  #pair: LinkPair | undefined;
  #asking = 0;

  constructor(url: string, node: string | undefined, options: MessengerOptions) {
    this.#url = url;
    this.#node = node;
    this.#options = options;
  }

  /**
   * Asks, and waits for the answer.
   *
   * @returns What came with the answer.
   * @throws TopologyError when the answer is not one of 200 to 299, or does not come.
   */
  async request(request: ManagementRequest): Promise<unknown> {
    const what = `${request.method} ${request.path}`;
    this.#asking++;
    try {
      this.#pair ??= this.#connect();
      const { subject, body } = await this.#pair.request(request);
      if (subject !== undefined && /^2\d\d$/.test(subject)) return body;
      const reason = typeof body === 'string' ? ` ${body}` : '';
      throw new TopologyError(`The peer answered ${what} with ${subject ?? 'nothing'}.${reason}`);
    } catch (error) {
      if (error instanceof TopologyError) throw error;
      const cause = error instanceof Error ? error : undefined;
      // The next one is to have a connection that works.
      await this.#disconnect();
      throw new TopologyError(`The peer did not answer ${what}. ${cause?.message ?? ''}`, { cause });
    } finally {
      this.#asking--;
      if (this.#asking === 0) await this.#disconnect();
    }
  }

  #connect(): LinkPair {
    const node = this.#node;
    if (node === undefined)
      throw new TopologyError('This peer has no management node. Make what is needed beforehand.');
    const settings = resolveOptions(this.#options);
    const name = `${settings.name ?? 'amqp-broker'}-management`;
    return new LinkPair(resolveEndpoint(parseAddress(this.#url)), node, connectionSettings(name, settings));
  }

  async #disconnect(): Promise<void> {
    const pair = this.#pair;
    this.#pair = undefined;
    await pair?.close();
  }
}
