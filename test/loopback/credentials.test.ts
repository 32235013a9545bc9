import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { MessagingError } from 'amqp-messenger';
import { describe, expect, it } from 'vitest';
import { createTrackingMessenger } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { payload } from '../support/wire-frames.js';

const PASSWORD = 'pässword-Canary-4711';

/** The forms a password could appear in, in any kind of output. */
function formsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  // The middle of it, so that a boundary of three bytes does not hide it in base64.
  const base64 = [0, 1, 2].map((shift) =>
    bytes.subarray(shift, bytes.length - ((bytes.length - shift) % 3)).toString('base64'),
  );
  const decimal = [...bytes];
  const hex = bytes.toString('hex');
  return [
    text,
    encodeURIComponent(text),
    'Canary-4711',
    ...base64,
    hex,
    hex.toUpperCase(),
    hex.replace(/..(?=.)/g, '$& '),
    decimal.join(','),
    decimal.join(', '),
    decimal.join(' '),
  ];
}

describe('the password of an address', () => {
  it('reaches the peer unchanged, whatever characters it has', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger();
    messenger.put({ address: `amqp://jörg:${encodeURIComponent('pä:ss/w@rd')}@127.0.0.1:${peer.port}/q`, body: 1 });
    const wire = await peer.accept();
    const init = await wire.answerSasl(['ANONYMOUS', 'PLAIN'], 0);
    expect(init.fields).toMatchObject({ mechanism: 'PLAIN', hostname: '127.0.0.1' });
    expect(String(init.fields['initial_response'])).toBe('\0jörg\0pä:ss/w@rd');
  });

  it('is not sent to a peer that offers no PLAIN, and nothing else is sent instead', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger();
    const tracker = messenger.put({ address: `amqp://u:p@127.0.0.1:${peer.port}/q`, body: 1 });
    const wire = await peer.accept();
    await wire.read('header');
    wire.write(Buffer.from('AMQP\x03\x01\x00\x00', 'latin1'));
    wire.send('sasl_mechanisms', { sasl_server_mechanisms: ['ANONYMOUS', 'EXTERNAL'] });
    await wire.closed;
    expect(wire.unread).toEqual([]);
    expect(await tracker.outcome()).toBe('aborted');
    expect(tracker.error).toMatchObject({ code: 'ERR_AUTHENTICATION' });
  });

  it('is not sent in clear text beyond this machine', async () => {
    const messenger = createTrackingMessenger();
    // 192.0.2.0/24 is reserved for documentation: nothing is there, and nothing is dialled.
    const tracker = messenger.put({ address: 'amqp://u:p@192.0.2.1/q', body: 1 });
    expect(await tracker.outcome()).toBe('aborted');
    expect(tracker.error).toMatchObject({ code: 'ERR_AUTHENTICATION' });
    expect(tracker.error!.message).toContain('clear text');
  });

  it('fails with an authentication error when it is wrong, without another attempt', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger({ reconnect: { initial: true, delay: 1, maxDelay: 1 } });
    const errors: MessagingError[] = [];
    messenger.on('error', (error) => errors.push(error));
    const tracker = messenger.put({ address: `amqp://u:wrong@127.0.0.1:${peer.port}/q`, body: 1 });
    const sending = messenger.send();
    const wire = await peer.accept();
    await wire.answerSasl(['PLAIN'], 1);
    await expect(sending).rejects.toMatchObject({ code: 'ERR_SEND', condition: 'amqp:unauthorized-access' });
    expect(tracker.error).toMatchObject({ code: 'ERR_AUTHENTICATION' });
    expect(errors.map(({ code }) => code)).toEqual(['ERR_AUTHENTICATION']);
    expect(JSON.stringify(errors) + errors.join()).not.toContain('wrong');
  });

  it('appears nowhere: not in debug output, errors or what inspect shows', async () => {
    const peer = await ScriptedPeer.listen();
    const address = `amqp://user:${encodeURIComponent(PASSWORD)}@127.0.0.1:${peer.port}/q`;
    const program = fileURLToPath(new URL('../support/programs/log-in.ts', import.meta.url));
    // The second address differs in its user, so that it is another connection.
    const run = promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', program, address, address.replace('user', 'other')],
      { env: { ...process.env, DEBUG: '*' }, maxBuffer: 1 << 26 },
    );
    const wire = await peer.accept();
    await wire.answerSasl(['PLAIN'], 0);
    await wire.read('header');
    wire.write(Buffer.from('AMQP\x00\x01\x00\x00', 'latin1'));
    wire.send('open', { container_id: 'scripted' });
    await wire.answerBegin();
    const link = await wire.answerAttach();
    wire.grant(link, 1);
    const transfer = await wire.read('transfer');
    wire.accept(link, 0);
    await (await peer.accept()).answerSasl(['PLAIN'], 1);
    const { stdout, stderr } = await run;

    expect(stdout).toContain('done');
    expect(stderr).toContain('amqp-messenger:connection');
    expect(stderr).toContain('rhea:frames');
    const seen = [stdout, stderr, transfer.payload.toString('latin1'), payload('').toString('latin1')];
    for (const form of formsOf(PASSWORD)) {
      expect(
        seen.filter((text) => text.includes(form)),
        form,
      ).toEqual([]);
    }
  });
});
