import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConfigError, asError } from '../errors.js';
import { decodeText } from '../small-file.js';
import type { Config, ConfigSource } from './config.js';
import { CONFIG_NAMES, findConfig } from './find-config.js';
import { readConfig } from './read-config.js';

/** The largest configuration file, in bytes: room for ten thousand routes. */
const MAX_SIZE = 1 << 20;

/**
 * Reads a configuration.
 *
 * @param path Default: the file that `AMQP_MESSENGER_CONFIG` names, else the nearest `amqp-messenger.config.yaml`,
 * `.yml` or `.json` in the current folder or one above.
 * @throws ConfigError when there is none, or it cannot be read or used.
 */
export async function loadConfig(path: string | undefined, source: ConfigSource = {}): Promise<Config> {
  const { env = process.env, cwd = process.cwd() } = source;
  const found = path === undefined ? findConfig(env, cwd) : resolve(cwd, path);
  if (found === undefined) {
    throw new ConfigError(`There is no ${CONFIG_NAMES[0] ?? ''} in ${cwd}, nor in a folder above. Name one.`);
  }
  return readConfig(await readText(found), found, profileName(source), env);
}

/** The name of the chosen profile. */
export function profileName({ profile, env = process.env }: ConfigSource): string | undefined {
  const name = profile ?? env['AMQP_MESSENGER_PROFILE'];
  return name === '' ? undefined : name;
}

/** Reads a file up to the largest size: it may be a device that never ends. */
export async function readText(path: string): Promise<string> {
  const buffer = Buffer.allocUnsafe(MAX_SIZE + 1);
  let size = 0;
  try {
    await using file = await open(path);
    for (let read = 1; read > 0 && size < buffer.length; size += read) {
      read = (await file.read(buffer, size, buffer.length - size)).bytesRead;
    }
  } catch (error) {
    throw new ConfigError(`${path} cannot be read: ${asError(error).message}.`, { cause: error });
  }
  if (size > MAX_SIZE) throw new ConfigError(`${path} is larger than ${MAX_SIZE} bytes.`);
  try {
    return decodeText(buffer.subarray(0, size), path);
  } catch (error) {
    throw new ConfigError(`${asError(error).message}.`, { cause: error });
  }
}
