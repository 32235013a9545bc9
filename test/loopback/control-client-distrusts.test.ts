import { describe, expect, it } from 'vitest';
import { ProtocolError, RequestError } from '../../src/errors.js';
import { clientOf, ok, scripted } from '../unit/control/scripted-server.js';

describe('a client', () => {
  it.for(['garbage', '[]', '{"id":null,"ok":false,"error":{"code":"ERR_PROTOCOL","message":"no"}}', '"'.repeat(1001)])(
    'breaks with a server that says %s',
    async (line, test) => {
      const { path } = await scripted(test, () => [line]);
      await expect(clientOf(test, path, { maxFrameSize: 1000 }).ping()).rejects.toThrow(ProtocolError);
    },
  );

  it.for(['{"id":"x"}', '{"id":99,"ok":true}', '{"id":99,"event":1}', '{"id":1.5}', '{}'])(
    'lets go of %s, which answers nothing',
    async (line, test) => {
      const { path } = await scripted(test, ({ id }) => [line, ok(id, null)]);
      await clientOf(test, path).ping();
    },
  );

  it.for([null, 1, {}, { code: 'ERR_NEW', message: 1 }, { code: 'constructor' }, { code: ['ERR_OPTION'] }])(
    'takes the error %j for a refusal',
    async (error, test) => {
      const { path } = await scripted(test, ({ id }) => [JSON.stringify({ id, ok: false, error })]);
      await expect(clientOf(test, path).ping()).rejects.toThrow(RequestError);
    },
  );
});
