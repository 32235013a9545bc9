import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TEST_DATA } from '../unit/codec/support.js';
import { TEXT_TARGETS } from './text-targets.js';
import type { Target } from './target.js';
import { WIRE_TARGETS } from './wire-targets.js';

export const TARGETS: readonly Target[] = [...WIRE_TARGETS, ...TEXT_TARGETS];

const FOLDER = fileURLToPath(new URL('corpus', import.meta.url));
const fileOf = (target: Target): string => join(FOLDER, `${target.name}.txt`);

/** The inputs that are kept for a target: each went where none before it had gone. One a line, in hexadecimal. */
export function corpusOf(target: Target): Buffer[] {
  if (!existsSync(fileOf(target))) return [];
  const lines = readFileSync(fileOf(target), 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => Buffer.from(line, 'hex'));
}

/** Writes what is kept for a target: neither its seeds nor what others have recorded. */
export function keep(target: Target, inputs: readonly Buffer[]): void {
  const known = [...target.seeds, ...recordedFor(target)];
  const ours = inputs.filter((input) => !known.some((other) => other.equals(input)));
  writeFileSync(fileOf(target), ours.map((input) => `${input.toString('hex')}\n`).join(''));
}

/** Inputs that others have recorded, read in place when they are there. */
export function recordedFor(target: Target): Buffer[] {
  const folders: Readonly<Record<string, string>> = { messages: 'fuzz/message', frames: 'fuzz/connection' };
  const folder = folders[target.name];
  if (folder === undefined || !existsSync(join(TEST_DATA, folder))) return [];
  return readdirSync(join(TEST_DATA, folder)).map((name) => readFileSync(join(TEST_DATA, folder, name)));
}
