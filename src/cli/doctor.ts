import { Command } from 'commander';
import { parseAddress } from '../address/address.js';
import { resolveEndpoint } from '../address/endpoint.js';
import type { Endpoint } from '../address/endpoint.js';
import { redact } from '../address/redact.js';
import { RouteTable } from '../address/route-table.js';
import type { Config } from '../config/config.js';
import { printable } from '../printable.js';
import { saslAt } from '../link/security/credentials.js';
import {
  addConnectionOptions,
  loadConfiguration,
  messengerFor,
  saslFor,
  tlsFor,
  warnOfPasswords,
} from './connection-options.js';
import type { ConnectionOptions } from './connection-options.js';
import { credentialsOrigin } from './credentials-origin.js';
import { peerAddress } from './destination.js';
import { checkLink, checkOpen } from './doctor/messenger.js';
import { checkName, checkPort } from './doctor/network.js';
import { checkGreeting } from './doctor/sasl.js';
import { good } from './doctor/step.js';
import type { Step } from './doctor/step.js';
import { checkTls } from './doctor/tls.js';
import { CommandError, EXIT, positiveNumber } from './exit.js';
import { print } from './output.js';
import { missingSlash } from './rabbitmq-address.js';

const SIGNS: Readonly<Record<Step['result'], string>> = { good: '✓', doubtful: '!', bad: '✗' };

interface DoctorOptions extends ConnectionOptions {
  timeout: number;
  json?: boolean;
}

/** `amqp-messenger doctor`: connects to a peer step by step, and reports the step that fails and the reason. */
export function doctorCommand(): Command {
  const command = new Command('doctor')
    .description('Say step by step what is wrong with a connection, and how to mend it.')
    .argument('<address>', 'the address that does not work')
    .option('-t, --timeout <ms>', 'how long each step may take', positiveNumber, 5000)
    .option('-j, --json', 'print each step as a line of JSON');
  return addConnectionOptions(command).action(doctor);
}

async function doctor(address: string, options: DoctorOptions): Promise<void> {
  warnOfPasswords([address]);
  const config = await loadConfiguration(options);
  for await (const step of examine(address, config, options)) {
    await print(options.json === true ? `${JSON.stringify(step)}\n` : text(step));
    if (step.exitCode !== undefined) process.exitCode = step.exitCode;
  }
}

async function* examine(address: string, config: Config | undefined, options: DoctorOptions): AsyncGenerator<Step> {
  const routed = new RouteTable().replace(config?.routes ?? []).resolve(address) ?? '';
  const endpoint = resolveEndpoint(parseAddress(routed));
  const { host, port, tls: isTls, passive } = endpoint;
  if (passive)
    throw new CommandError('That is an address to listen on. Give the address of a peer, without ~.', EXIT.usage);
  const { timeout } = options;
  const tls = tlsFor(config?.options.tls, options);
  const sasl = saslAt(endpoint, saslFor(config?.options.sasl, options));
  const origin = credentialsOrigin(endpoint, config?.options.sasl, options);
  yield addressStep(address, routed, endpoint);
  const steps = [
    () => checkName(host, timeout),
    () => checkPort(host, port, timeout),
    ...(isTls ? [() => checkTls(host, port, tls, timeout)] : []),
    () => checkGreeting({ host, port, isTls, tls, sasl, timeout, origin }),
    () => connectAndLink(endpoint, config, { ...options, sasl, origin }),
  ];
  for (const look of steps) {
    const found = [await look()].flat();
    yield* found;
    if (found.some(({ result }) => result === 'bad')) return;
  }
}

function addressStep(address: string, routed: string, { name = '' }: Endpoint): Step {
  const found = routed === address ? redact(routed) : `${redact(address)} leads to ${redact(routed)}`;
  const spelling = missingSlash(name);
  if (spelling === undefined) return good('address', found);
  const fix = `If that is RabbitMQ 4, write ${spelling} behind the host, with two slashes: one ends the host.`;
  return { name: 'address', result: 'doubtful', found: [found], fix };
}

async function connectAndLink(
  endpoint: Endpoint,
  config: Config | undefined,
  options: DoctorOptions & { sasl: ReturnType<typeof saslFor>; origin: string | undefined },
): Promise<Step[]> {
  const { name } = endpoint;
  const base = peerAddress(endpoint);
  await using messenger = messengerFor(config && { ...config, routes: [], rewrites: [] }, options, {
    reconnect: false,
    connectTimeout: options.connectTimeout ?? options.timeout,
    sasl: options.sasl,
  });
  messenger.route('peer', base);
  const opened = await checkOpen(messenger, options.timeout, options.origin);
  if (opened.result === 'bad') return [opened];
  if (name === undefined || name === '')
    return [opened, good('link', 'the address names no node, so none is looked at')];
  return [opened, await checkLink(messenger, base, name, options.timeout)];
}

function text({ name, result, found, fix }: Step): string {
  const [first = '', ...more] = found;
  const lines = [
    `${SIGNS[result]} ${name.padEnd(8)} ${printable(first)}`,
    ...more.map((line) => `           ${printable(line)}`),
    ...(fix === undefined ? [] : [`           Fix: ${fix}`]),
  ];
  return `${lines.join('\n')}\n`;
}
