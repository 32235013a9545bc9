import { parseArgs } from 'node:util';
import { Messenger } from 'amqp-messenger';
import { Wire } from '../support/wire.js';
import { payload } from '../support/wire-frames.js';
import { attach, begun, made, pour, transfer } from './attack.js';
import type { Attack } from './attack.js';
import { ATTACKS } from './attacks.js';
import { Server } from './server.js';
import type { Role } from './server.js';

const HELP = `npm run attack -- [--only TEXT]

Attacks a broker and a listener, each in a process of its own, and prints what a hostile connection has cost it: memory that is
held, garbage aside, while the connection is there, and processor time. Fails when one costs more than its bound.

  --only TEXT  only attacks with this in their names
`;

/** The most that a hostile connection may cost, unless the attack says otherwise. */
const MOST_BYTES = 10_000_000;
const MOST_TIMES = 1;

/** A connection to compare with: it sends a MiB of small messages, as fast as it can. */
const NORMAL: Attack = {
  name: 'sends a MiB of messages',
  run: async (port) => {
    const wire = await begun(port);
    wire.write(attach('sender', 'q', 0));
    const message = payload('x'.repeat(60));
    await pour(
      wire,
      made(16, (part) =>
        Buffer.concat([...made(600, (id) => transfer(0, part * 600 + id, message, { settled: true }))]),
      ),
    );
    return wire;
  },
};

const { values: options } = parseArgs({ options: { only: { type: 'string' }, help: { type: 'boolean' } } });

/** What one attack has cost. */
interface Result {
  readonly bytes: number;
  readonly milliseconds: number;
  readonly isBounded: boolean;
}

/** Attacks a server, and looks whether it still serves others. `normal` is the time that a normal connection takes. */
async function attackOn(role: Role, attack: Attack, normal: number): Promise<Result> {
  const { connections = 2, bytes: mostBytes = MOST_BYTES, times = MOST_TIMES } = attack;
  const server = await Server.start(role);
  try {
    // What is loaded and compiled once is not the attack's.
    (await attack.run(server.port)).destroy();
    await server.time();
    const memory = await server.memory();
    const time = await server.time();
    const wires: Wire[] = [];
    for (let number = 0; number < connections; number++) wires.push(await attack.run(server.port));
    const milliseconds = ((await server.time()) - time) / connections;
    const bytes = Math.max(0, (await server.memory()) - memory) / connections;
    for (const wire of wires) wire.destroy();
    await served(server.port);
    return { bytes, milliseconds, isBounded: bytes <= mostBytes && milliseconds <= times * normal };
  } finally {
    server.stop();
  }
}

/** A good client is served, in so many milliseconds. */
async function served(port: number): Promise<number> {
  const start = performance.now();
  const client = new Messenger({ outgoingWindow: 1, reconnect: false, timeout: 5000 });
  const tracker = client.put({ address: `amqp://127.0.0.1:${port}/good`, body: 'good' });
  const status = await tracker.outcome();
  await client.close();
  if (status === 'aborted') throw new Error(`A good client was not served: ${String(tracker.error)}`);
  return performance.now() - start;
}

/** A thousand connections of one address. Another address is served all the same. */
async function crowd(role: Role): Promise<boolean> {
  const server = await Server.start(role);
  const wires: Wire[] = [];
  try {
    for (let number = 0; number < 1000; number++) wires.push(await Wire.connect(server.port));
    const start = performance.now();
    const good = await Promise.race([
      Wire.dial(server.port, {}, '127.0.0.2').then((wire) => (wires.push(wire), true)),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 5000)),
    ]);
    const left = wires.filter(({ socket }) => !socket.destroyed).length;
    const time = Math.round(performance.now() - start);
    print(good, role, `1000 connections of one address: ${left} stay, another address is served in ${time} ms`);
    return good;
  } finally {
    for (const wire of wires) wire.destroy();
    server.stop();
  }
}

function print(isGood: boolean, role: Role, text: string): void {
  console.log(`${isGood ? 'ok  ' : 'OVER'} ${role.padEnd(8)} ${text}`);
}

if (options.help === true) {
  console.log(HELP);
} else {
  let failed = 0;
  for (const role of ['broker', 'listener'] as const) {
    const { milliseconds: normal } = await attackOn(role, NORMAL, Infinity);
    print(true, role, `A normal connection takes ${normal.toFixed(1)} ms`);
    for (const attack of ATTACKS) {
      if (attack.on !== undefined && attack.on !== role) continue;
      if (options.only !== undefined && !attack.name.includes(options.only)) continue;
      const { bytes, milliseconds, isBounded } = await attackOn(role, attack, normal);
      const ratio = `(${(milliseconds / normal).toFixed(2)} of ${attack.times ?? MOST_TIMES})`;
      const figures =
        `${Math.round(bytes / 1000)} kB`.padStart(9) + `${milliseconds.toFixed(1)} ms ${ratio}`.padStart(24);
      print(isBounded, role, `${figures}  ${attack.name}`);
      if (!isBounded) failed++;
    }
    if (options.only === undefined && !(await crowd(role))) failed++;
  }
  console.log(failed === 0 ? 'every attack stays within its bound' : `${failed} attacks cost more than their bounds`);
  process.exitCode = failed === 0 ? 0 : 1;
}
