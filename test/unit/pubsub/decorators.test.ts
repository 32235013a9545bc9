import { spawnSync } from 'node:child_process';
import { Consumer, OptionError, defineMessage } from 'amqp-messenger/pubsub';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const PROGRAM = 'test/support/programs/decorated-consumer.ts';
const LEGACY = 'test/support/programs/tsconfig.legacy-decorators.json';
const PRINTED = 'order 7 is counted by the shop\nthank you for order 7 from mails of the shop\nMails\n';

/** Runs the program as `npx tsx` would, by a configuration of TypeScript. */
function run(tsconfig: string): string {
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', PROGRAM], {
    encoding: 'utf8',
    env: { ...process.env, TSX_TSCONFIG_PATH: tsconfig },
  });
  return stdout + stderr;
}

describe('@consumer.onMessage', () => {
  it.each(['tsconfig.json', LEGACY])('registers static methods with %s', (tsconfig) => {
    expect(run(tsconfig)).toBe(PRINTED);
  });

  it('compiles with experimentalDecorators', () => {
    const { config } = ts.readConfigFile(LEGACY, (path) => ts.sys.readFile(path)) as { config: unknown };
    const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, 'test/support/programs');
    expect(options.experimentalDecorators).toBe(true);
    const program = ts.createProgram(fileNames, options);
    const problems = [PROGRAM].flatMap((file) => program.getSemanticDiagnostics(program.getSourceFile(file)));
    expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
  }, 60_000);

  it('says what to do with the method of an instance, which experimentalDecorators does not support', () => {
    class Ping extends defineMessage<{ id: number }>('ping') {}
    class Mailer {
      readonly name = 'mailer';
      send({ id }: Ping): void {
        expect.fail(`${this.name} may not be called with ${id}`);
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Mailer.prototype, 'send');
    expect(descriptor).toBeDefined();
    const decorate = (): void => new Consumer(Ping).onMessage(Mailer.prototype, 'send', descriptor!);
    expect(decorate).toThrow(OptionError);
    expect(decorate).toThrow('Make it static, or call consumer.onMessage(this.send.bind(this)) in the constructor.');
  });
});
