import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Waits until a port of 127.0.0.1 answers as AMQP 1.0 does: to a protocol header with a protocol header (§2.2). */
export function amqpPortAnswers(port: number, signal: AbortSignal): Promise<void> {
  return until(port, signal, async (socket) => {
    socket.write(Buffer.from('AMQP\x03\x01\x00\x00', 'latin1'));
    const [bytes] = (await Promise.race([once(socket, 'data'), once(socket, 'close')])) as unknown[];
    return Buffer.isBuffer(bytes) && bytes.toString('latin1', 0, 4) === 'AMQP';
  });
}

/** Waits until something listens on a port of 127.0.0.1. */
export function portAccepts(port: number, signal: AbortSignal): Promise<void> {
  return until(port, signal, () => Promise.resolve(true));
}

async function until(port: number, signal: AbortSignal, isReady: (socket: Socket) => Promise<boolean>): Promise<void> {
  while (!(await tryOnce(port, isReady))) await delay(50, undefined, { signal });
}

async function tryOnce(port: number, isReady: (socket: Socket) => Promise<boolean>): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return await isReady(socket);
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
