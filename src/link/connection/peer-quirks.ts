/** What is known of particular peers, by the properties of their open frame. */

/** Whether the peer can be asked to give credit back. RabbitMQ 3 crashes its own session over it (seen with 3.10.8). */
export function canDrain(properties: Readonly<Record<string, unknown>> | undefined): boolean {
  return !(properties?.['product'] === 'RabbitMQ' && String(properties['version']).startsWith('3.'));
}
