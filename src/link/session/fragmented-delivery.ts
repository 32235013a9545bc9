import { TRANSFER_HEADER_SIZE, writeTransferHeader } from '../../codec/transfer.js';
import type { HeldMemory, OutgoingDelivery } from '../../queue/outgoing-delivery.js';
import type { Session } from './session.js';

/**
 * A message on its way out in several frames, which the session window or the socket may cut short anywhere. It keeps the
 * bytes: the peer may settle the message before all of it has gone, and the delivery then lets go of them.
 */
export class FragmentedDelivery {
  readonly delivery: OutgoingDelivery;
  readonly #bytes: Buffer;
  readonly #memory: HeldMemory | undefined;
  #position: number;

  constructor(delivery: OutgoingDelivery) {
    this.delivery = delivery;
    this.#bytes = delivery.buffer;
    this.#memory = delivery.memory;
    this.#memory?.hold();
    this.#position = delivery.start;
  }

  /** Writes the next frame, with its header in memory of its own. Returns whether it was the last. */
  write(session: Session, handle: number): boolean {
    const { delivery } = this;
    const { control, writer, peerMaxFrameSize } = session.host;
    const from = this.#position;
    const to = Math.min(from + peerMaxFrameSize - TRANSFER_HEADER_SIZE, delivery.end);
    const more = to < delivery.end;
    control.open(0);
    control.need(TRANSFER_HEADER_SIZE);
    const { buffer, start } = control;
    writeTransferHeader(buffer, start, to - from, session.channel, handle, delivery.id, delivery.presettled, more);
    control.position += TRANSFER_HEADER_SIZE;
    writer.append(buffer, start, control.position);
    writer.append(this.#bytes, from, to, this.#memory);
    this.#position = to;
    return !more;
  }

  /** It is sent, or will not be. To be called once. */
  end(): void {
    this.#memory?.release();
  }
}
