import type { Command } from 'commander';
import { parseAddress } from '../address/address.js';
import type { Config } from '../config/config.js';
import { findConfig } from '../config/find-config.js';
import { asError } from '../errors.js';
import type { SaslOptions } from '../link/security/credentials.js';
import type { TlsOptions } from '../link/security/tls.js';
import { Messenger } from '../messenger/messenger.js';
import type { MessengerOptions } from '../messenger/options/options.js';
import { readSecret } from '../small-file.js';
import { exclude } from './exclude.js';
import { CommandError, EXIT, wholeNumber } from './exit.js';
import { warn } from './output.js';

/** The options of every command that connects. */
export interface ConnectionOptions {
  config?: string;
  profile?: string;
  user?: string;
  passwordFile?: string;
  ca?: string;
  cert?: string;
  key?: string;
  insecure?: boolean;
  allowClearText?: boolean;
  connectTimeout?: number;
  capability?: string[];
}

/** Adds the options that name a configuration. */
export function addConfigOptions(command: Command): Command {
  return command
    .option('--config <path>', 'the configuration file (default: the nearest one upwards)')
    .option('--profile <name>', 'the profile of the configuration to use');
}

/** Adds the options of a connection. */
export function addConnectionOptions(command: Command): Command {
  const connecting = addConfigOptions(command)
    .option('--user <name>', 'the user (default: $AMQP_MESSENGER_USER)')
    .option('--password-file <path>', 'a file with the password (default: $AMQP_MESSENGER_PASSWORD)')
    .option('--ca <path>', 'certificates of the authorities to trust, as PEM')
    .option('--cert <path>', 'our certificate, as PEM')
    .option('--key <path>', 'the private key of our certificate, as PEM')
    .option('--insecure', 'take any certificate: anybody may be at the other end')
    .option('--allow-clear-text', 'send passwords over connections without TLS')
    .option('--capability <name...>', 'what the node is: queue or topic, for brokers that go by it')
    .option('--connect-timeout <ms>', 'how long a connection may take to open', wholeNumber);
  return exclude(connecting, ['ca', 'insecure']);
}

/**
 * Loads the configuration that is named or found, if there is one. The code for it is loaded only then, to save time.
 */
export async function loadConfiguration(options: ConnectionOptions): Promise<Config | undefined> {
  const found = options.config ?? findConfig(process.env, process.cwd());
  if (found === undefined && options.profile === undefined) return undefined;
  const { loadConfig } = await import('../config/load-config.js');
  const config = await loadConfig(options.config, { profile: options.profile });
  config.warnings.forEach(warn);
  return config;
}

/** Makes the messenger of a command. The command line overrides the environment, which overrides the configuration. */
export async function createMessenger(options: ConnectionOptions, own: MessengerOptions): Promise<Messenger> {
  return messengerFor(await loadConfiguration(options), options, own);
}

/** As `createMessenger`, with a configuration that is loaded already. */
export function messengerFor(config: Config | undefined, options: ConnectionOptions, own: MessengerOptions): Messenger {
  const configured = config?.options ?? {};
  const { connectTimeout, allowClearText, capability } = options;
  const messenger = new Messenger({
    ...configured,
    sasl: saslFor(configured.sasl, options),
    tls: tlsFor(configured.tls, options),
    ...(connectTimeout === undefined ? {} : { connectTimeout }),
    ...(capability === undefined ? {} : { capabilities: capability }),
    ...(allowClearText === true ? { allowInsecureMechs: true } : {}),
    ...own,
  });
  for (const { pattern, address } of config?.routes ?? []) messenger.route(pattern, address);
  for (const { pattern, address } of config?.rewrites ?? []) messenger.rewrite(pattern, address);
  return messenger;
}

/** Warns of addresses with a password: every user of the machine can read the command line. */
export function warnOfPasswords(addresses: readonly string[]): void {
  if (!addresses.some((address) => address !== '' && parseAddress(address).password !== undefined)) return;
  warn(
    'the password on the command line can be read by everybody on this machine. ' +
      'Use AMQP_MESSENGER_PASSWORD, --password-file or a configuration.',
  );
}

/** The credentials from the command line, else from the environment, else from the configuration. */
export function saslFor(configured: SaslOptions | undefined, { user, passwordFile }: ConnectionOptions): SaslOptions {
  const { AMQP_MESSENGER_USER: envUser, AMQP_MESSENGER_PASSWORD: envPassword } = process.env;
  const password = passwordFile === undefined ? envPassword : passwordIn(passwordFile);
  const sasl: SaslOptions = { ...configured };
  if ((user ?? envUser) !== undefined) sasl.user = user ?? envUser;
  if (password === undefined) return sasl;
  // A token takes precedence over all other credentials.
  return { mechanisms: sasl.mechanisms, user: sasl.user, password };
}

/** The options of TLS from the command line, else from the configuration. */
export function tlsFor(configured: TlsOptions | undefined, options: ConnectionOptions): TlsOptions {
  const { ca, cert, key, insecure } = options;
  const tls: TlsOptions = { ...configured };
  if (ca !== undefined) Object.assign(tls, { ca: undefined, caFile: ca });
  if (cert !== undefined) Object.assign(tls, { cert: undefined, certFile: cert });
  if (key !== undefined) Object.assign(tls, { key: undefined, keyFile: key });
  if (insecure === true) tls.rejectUnauthorized = false;
  const [hasCert, hasKey] = [tls.cert ?? tls.certFile, tls.key ?? tls.keyFile].map((file) => file !== undefined);
  if (hasCert === hasKey) return tls;
  const [given, missing] = hasCert ? ['certificate', '--key'] : ['key', '--cert'];
  throw new CommandError(`There is a ${given} and no ${missing}: they are needed together.`, EXIT.usage);
}

function passwordIn(path: string): string {
  try {
    return readSecret(path);
  } catch (error) {
    throw new CommandError(`The file of the password cannot be read: ${asError(error).message}.`, EXIT.config);
  }
}
