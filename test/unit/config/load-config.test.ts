import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findConfig } from '../../../src/config/find-config.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { folderWith } from './support.js';

const NAME = 'amqp-messenger.config.yaml';

describe('a configuration file', () => {
  it('is searched for upwards', async () => {
    const folder = folderWith({ [NAME]: 'name: above', 'amqp-messenger.config.json': '{ "name": "json" }' });
    const below = join(folder, 'a', 'b');
    mkdirSync(below, { recursive: true });
    const config = await loadConfig(undefined, { cwd: below, env: {} });
    expect(config).toMatchObject({ path: join(folder, NAME), options: { name: 'above' } });
  });

  it('may be JSON, or named by the environment or the caller', async () => {
    const folder = folderWith({ 'amqp-messenger.config.json': '{ "name": "json" }', 'other.yaml': 'name: other' });
    const nameOf = async (path: string | undefined, env: Record<string, string>) =>
      (await loadConfig(path, { cwd: folder, env })).options.name;
    expect(await nameOf(undefined, {})).toBe('json');
    expect(await nameOf(undefined, { AMQP_MESSENGER_CONFIG: 'other.yaml' })).toBe('other');
    expect(await nameOf('amqp-messenger.config.json', { AMQP_MESSENGER_CONFIG: 'other.yaml' })).toBe('json');
    expect(findConfig({ AMQP_MESSENGER_CONFIG: '' }, folder)).toBe(join(folder, 'amqp-messenger.config.json'));
  });

  it('has the profile that the caller or the environment names', async () => {
    const folder = folderWith({ [NAME]: 'profiles: { a: { name: a }, b: { name: b } }' });
    const nameOf = async (profile: string | undefined, env: Record<string, string>) =>
      (await loadConfig(undefined, { cwd: folder, env, profile })).options.name;
    expect(await nameOf(undefined, {})).toBeUndefined();
    expect(await nameOf(undefined, { AMQP_MESSENGER_PROFILE: 'a' })).toBe('a');
    expect(await nameOf('b', { AMQP_MESSENGER_PROFILE: 'a' })).toBe('b');
  });

  it('that is missing, unreadable or too large is reported in a sentence', async () => {
    const folder = folderWith({ 'large.yaml': `# ${'x'.repeat(1 << 20)}` });
    const source = { cwd: folder, env: {} };
    await expect(loadConfig('x.yaml', source)).rejects.toThrow(/x\.yaml cannot be read: ENOENT/);
    await expect(loadConfig('.', source)).rejects.toThrow(/cannot be read: EISDIR/);
    await expect(loadConfig('large.yaml', source)).rejects.toThrow(/large\.yaml is larger than 1048576 bytes/);
    await expect(loadConfig('/dev/zero', source)).rejects.toThrow(/larger than/);
    expect(findConfig({}, '/')).toBeUndefined();
    await expect(loadConfig(undefined, { cwd: '/', env: {} })).rejects.toThrow(
      'There is no amqp-messenger.config.yaml in /, nor in a folder above. Name one.',
    );
  });
});
