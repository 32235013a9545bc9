import { readFileSync } from 'node:fs';
import type { Messenger } from 'amqp-messenger';

/** The addresses the job uses. Where they lead is said in routes.json. */
export const ADDRESSES: readonly string[] = ['orders/eu', 'orders/us', 'refunds'];

/** Adds the routes of routes.json to a messenger. `broker` is what stands before the name of a queue. */
export function addRoutes(messenger: Messenger, broker: string): void {
  // The file beside this one: patterns and where they lead.
  const rules = JSON.parse(readFileSync(new URL('routes.json', import.meta.url), 'utf8')) as Record<string, string>;
  for (const [pattern, address] of Object.entries(rules)) {
    messenger.route(
      pattern,
      address.replace('${broker}', () => broker),
    );
  }
}
