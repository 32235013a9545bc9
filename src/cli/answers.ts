import { isUtf8 } from 'node:buffer';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import type { ReceivedMessage } from '../codec/received-message.js';
import type { Body } from '../message/body.js';
import { CommandError, EXIT } from './exit.js';
import { bodyText } from './message-json.js';
import { textBody } from './message-options.js';
import type { MessageOptions } from './message-options.js';
import type { Template } from './template.js';

/** The options for the content of answers. */
export interface AnswerOptions extends MessageOptions {
  text?: string;
  template?: Template;
  exec?: string;
}

/** Makes the body of the `n`th answer from a question; `undefined` when the command of `--exec` has failed. */
export type Answerer = (message: ReceivedMessage, n: number) => Promise<Body | undefined>;

/**
 * Returns the answerer that the options choose: a text, a template, the output of a command, or else the body of the
 * question.
 */
export function answerer(options: AnswerOptions): Answerer {
  const { text, template, exec } = options;
  if ([text, template, exec].filter((way) => way !== undefined).length > 1) {
    throw new CommandError('Only one of --text, --template and --exec can be given.', EXIT.usage);
  }
  if (exec !== undefined) return (message) => run(exec, message, options);
  if (template !== undefined) return (_message, n) => Promise.resolve(textBody(template.fill(n), options));
  if (text !== undefined) return () => Promise.resolve(textBody(text, options));
  return ({ body }) => Promise.resolve(body ?? null);
}

async function run(command: string, { body }: ReceivedMessage, options: MessageOptions): Promise<Body | undefined> {
  const child = spawn(command, { shell: true, stdio: ['pipe', 'pipe', 'inherit'] });
  // The command may answer without reading the question.
  child.stdin.on('error', () => undefined);
  child.stdin.end(bodyText(body));
  const [output, ended] = await Promise.all([buffer(child.stdout), once(child, 'close')]);
  if (ended[0] !== 0) return undefined;
  if (!isUtf8(output)) return output;
  // Commands end their output with a line end, which is not part of the answer.
  return textBody(output.toString().replace(/\r?\n$/, ''), options);
}
