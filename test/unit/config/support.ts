import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Config } from '../../../src/config/config.js';
import { readConfig } from '../../../src/config/read-config.js';
import { ConfigError } from '../../../src/errors.js';

/** A folder that is gone when the test is over, with these files in it. */
export function folderWith(files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'amqp-messenger-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** Reads a text as if it were the file `/etc/a.yaml`. */
export function read(text: string, env: Record<string, string> = {}, profile?: string): Config {
  return readConfig(text, '/etc/a.yaml', profile, env);
}

/** Why a text cannot be used: the lines of the error. */
export function refusal(text: string, env: Record<string, string> = {}, profile?: string): string[] {
  try {
    read(text, env, profile);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  throw new Error('The text was taken.');
}
