import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Messenger } from 'amqp-messenger';
import type { ConfigChange, FromConfigOptions, MessengerOptions } from 'amqp-messenger';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { MessagingError } from '../../../src/errors.js';
import { startBroker } from '../../support/messengers.js';
import { folderWith } from './support.js';

async function fromConfig(text: string, options: FromConfigOptions = {}) {
  const folder = folderWith({ 'a.yaml': text });
  const path = join(folder, 'a.yaml');
  const messenger = await Messenger.fromConfig(path, { env: {}, ...options });
  onTestFinished(() => messenger.close());
  return { messenger, path };
}

/** Edits a file as an editor does: in one step. */
function edit(path: string, text: string): void {
  writeFileSync(`${path}~`, text);
  renameSync(`${path}~`, path);
}

/** Where a messenger sends what is put to an address: to a broker, whose queues tell. */
async function queuesAfter(messenger: Messenger, broker: Awaited<ReturnType<typeof startBroker>>, address: string) {
  messenger.put({ address, body: 'x' });
  await messenger.send();
  return broker.queues.map(({ name }) => name);
}

describe('Messenger.fromConfig', () => {
  it('makes a messenger with the options, routes and rewrites of a file', async () => {
    const broker = await startBroker();
    const { messenger } = await fromConfig(
      `name: configured\nroutes: [{ pattern: a/%, address: "${broker.url}/$1" }]\nconnections: { outgoingWindow: 5 }\n`,
      { messenger: { incomingWindow: 7 } },
    );
    expect(messenger).toMatchObject({ name: 'configured', outgoingWindow: 5, incomingWindow: 7 });
    expect(await queuesAfter(messenger, broker, 'a/one')).toEqual(['one']);
  });

  it('prefers options in the call', async () => {
    const options: MessengerOptions = { name: 'given' };
    const { messenger } = await fromConfig('name: configured', { messenger: options });
    expect(messenger.name).toBe('given');
  });

  it('warns of rules that never match', async () => {
    const warnings: string[] = [];
    const text = 'routes: [{ pattern: "*", address: amqp://h/q }, { pattern: a, address: amqp://h/q }]';
    const { path } = await fromConfig(text, { onWarning: (warning) => warnings.push(warning) });
    expect(warnings).toEqual([expect.stringMatching(`^${path}:1: routes.1. can never match`)]);
    const emitWarning = vi.spyOn(process, 'emitWarning').mockReturnValue();
    onTestFinished(() => emitWarning.mockRestore());
    await fromConfig(text);
    expect(emitWarning).toHaveBeenCalledWith(expect.stringContaining('can never match'), 'ConfigWarning');
  });

  it('rejects with the problems of the file', async () => {
    await expect(fromConfig('nam: x')).rejects.toMatchObject({ code: 'ERR_CONFIG' });
    await expect(fromConfig('name: x', { profile: 'y' })).rejects.toThrow(/has no profile y/);
  });
});

describe('a file that is watched', () => {
  it('changes routes and rewrites at once, and keeps those that were added', async () => {
    const broker = await startBroker();
    const route = (queue: string) => `routes: [{ pattern: a, address: "${broker.url}/${queue}" }]\n`;
    const { messenger, path } = await fromConfig(route('one'), { watch: true });
    messenger.route('b', `${broker.url}/added`);
    expect(await queuesAfter(messenger, broker, 'a')).toEqual(['one']);
    const changed = once(messenger, 'config') as Promise<[ConfigChange]>;
    edit(path, `${route('two')}connections: { timeout: 5 }\n`);
    expect(await changed).toEqual([{ path, warnings: [], needRestart: ['timeout'] }]);
    expect(await queuesAfter(messenger, broker, 'a')).toEqual(['one', 'two']);
    expect(await queuesAfter(messenger, broker, 'b')).toEqual(['one', 'two', 'added']);
  });

  it('keeps the old rules after an invalid edit, and reports it once', async () => {
    const broker = await startBroker();
    const route = (queue: string) => `routes: [{ pattern: a, address: "${broker.url}/${queue}" }]\n`;
    const { messenger, path } = await fromConfig(route('one'), { watch: true });
    const failed = once(messenger, 'error') as Promise<[MessagingError]>;
    edit(path, 'routes: [{ patern: a }]');
    const [error] = await failed;
    expect(error).toBeInstanceOf(MessagingError);
    expect(error.code).toBe('ERR_CONFIG');
    expect(error.message).toContain(`${path}:1: routes[0].patern is not a known key. Did you mean pattern?`);
    expect(await queuesAfter(messenger, broker, 'a')).toEqual(['one']);
    const errors: MessagingError[] = [];
    messenger.on('error', (again) => errors.push(again));
    const changed = once(messenger, 'config');
    edit(path, route('two'));
    await changed;
    expect(errors).toEqual([]);
    expect(await queuesAfter(messenger, broker, 'a')).toEqual(['one', 'two']);
  });
});

describe('a file that is watched', () => {
  /** Makes a messenger of a file, and a function that edits something and gives what the change says. */
  async function watched(path: string) {
    const messenger = await Messenger.fromConfig(path, { env: {}, watch: true });
    onTestFinished(() => messenger.close());
    const change = async (edit: () => void): Promise<ConfigChange> => {
      const changed = once(messenger, 'config') as Promise<[ConfigChange]>;
      edit();
      return (await changed)[0];
    };
    return { messenger, change };
  }

  it('may be behind a symbolic link, a swapped link, or in a replaced folder', async () => {
    const broker = await startBroker();
    const text = (queue: string) => `routes: [{ pattern: a, address: "${broker.url}/${queue}" }]\n`;
    const folder = folderWith({});
    for (const [name, queue] of Object.entries({ v1: 'one', v2: 'two', v3: 'three' })) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'a.yaml'), text(queue));
    }
    // As Kubernetes mounts a ConfigMap: a link to a file behind a link to a folder.
    symlinkSync('v1', join(folder, '..data'));
    symlinkSync('..data/a.yaml', join(folder, 'a.yaml'));
    const { messenger, change } = await watched(join(folder, 'a.yaml'));
    const queues = () => queuesAfter(messenger, broker, 'a');
    expect(await queues()).toEqual(['one']);
    await change(() => edit(join(folder, 'v1/a.yaml'), text('edited')));
    expect(await queues()).toEqual(['one', 'edited']);
    await change(() => {
      symlinkSync('v2', join(folder, '..new'));
      renameSync(join(folder, '..new'), join(folder, '..data'));
    });
    expect(await queues()).toEqual(['one', 'edited', 'two']);
    await change(() => {
      renameSync(join(folder, 'v2'), join(folder, 'old'));
      renameSync(join(folder, 'v3'), join(folder, 'v2'));
    });
    expect(await queues()).toEqual(['one', 'edited', 'two', 'three']);
    await change(() => writeFileSync(join(folder, 'v2/a.yaml'), text('again')));
    expect(await queues()).toEqual(['one', 'edited', 'two', 'three', 'again']);
  });

  it('needs a restart for changed settings, and not for those that were changed back', async () => {
    const text = (queue: string, more: string) => `routes: [{ pattern: a, address: amqp://h/${queue} }]\n${more}`;
    const path = join(folderWith({ 'a.yaml': text('one', 'connections: { timeout: 5 }') }), 'a.yaml');
    const { change } = await watched(path);
    const after = async (content: string) => (await change(() => edit(path, content))).needRestart;
    expect(await after(text('one', 'connections: { timeout: 6 }'))).toEqual(['timeout']);
    // Still not what the messenger was made with.
    expect(await after(text('two', 'connections: { timeout: 6, maxFrameSize: 1000 }'))).toEqual([
      'timeout',
      'maxFrameSize',
    ]);
    expect(await after(text('two', 'connections: { timeout: 5, maxFrameSize: 1000 }'))).toEqual(['maxFrameSize']);
    expect(await after(text('two', 'connections: { timeout: 5 }'))).toEqual([]);
  });
});

describe('importing the messenger', () => {
  it('loads neither the parser nor the schema of configurations', () => {
    const src = fileURLToPath(new URL('../../../src/', import.meta.url));
    const seen = new Set<string>();
    const packages = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      const text = readFileSync(file, 'utf8');
      for (const [, specifier = ''] of text.matchAll(/^(?:import|export)\s+(?!type)[^'"]*from\s+'([^']+)'/gm)) {
        if (specifier.startsWith('.')) visit(resolve(dirname(file), specifier.replace(/\.js$/, '.ts')));
        else packages.add(specifier);
      }
    };
    visit(join(src, 'index.ts'));
    expect(packages).toContain('rhea');
    expect(packages).not.toContain('yaml');
    expect(packages).not.toContain('zod');
  });
});
