/** A broker cannot be had on this machine; the message says why. Tests that need it are skipped. */
export class BrokerUnavailable extends Error {
  override readonly name = 'BrokerUnavailable';
}
