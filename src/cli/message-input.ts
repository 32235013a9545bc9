import { createReadStream, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Readable } from 'node:stream';
import { addAbortSignal } from 'node:stream';
import { asError } from '../errors.js';
import type { Message } from '../message/message.js';
import { CommandError, EXIT } from './exit.js';
import { linesOf } from './lines.js';
import { messageFromJson } from './message-json.js';
import { fieldsOf, textBody } from './message-options.js';
import type { MessageOptions } from './message-options.js';
import type { Template } from './template.js';

/** Options for the source of messages. */
export interface InputOptions extends MessageOptions {
  count?: number;
  template?: Template;
  file?: string[];
  input?: string;
  json?: boolean;
}

/** The messages to send, and the progress. */
export interface MessageInput {
  readonly messages: AsyncIterable<Message>;
  /** The size of the input, if it is known, and the part that has been read. */
  readonly total: number | undefined;
  readonly unit: 'messages' | 'bytes';
  readonly done: () => number;
}

/** Content types by file extension. */
const TYPES: Readonly<Record<string, string>> = {
  '.json': 'application/json',
  '.txt': 'text/plain',
  '.csv': 'text/csv',
  '.html': 'text/html',
  '.xml': 'application/xml',
  '.yaml': 'application/yaml',
  '.yml': 'application/yaml',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gz': 'application/gzip',
  '.zip': 'application/zip',
};

/**
 * Returns the messages to send: a text, generated texts, files, or the lines of a file or of standard input.
 *
 * @param signal Ends the input. Messages that were read before are still yielded.
 */
export function messageInput(text: string | undefined, options: InputOptions, signal: AbortSignal): MessageInput {
  const { template, file, input } = options;
  const ways = [text !== undefined && 'a text', template && '--template', file && '--file', input && '--input'];
  const given = ways.filter((way) => typeof way === 'string');
  if (given.length > 1) throw new CommandError(`${given.join(' and ')} cannot go together.`, EXIT.usage);
  if (file !== undefined) return fileInput(file, options, signal);
  if (template !== undefined) return repeated((n) => template.fill(n), 'The template', options, signal);
  return text === undefined ? lineInput(options, signal) : repeated(() => text, 'The text', options, signal);
}

/** Makes a message of a text, which is its body, or with `--json` the whole message. */
function messageIn(text: string, where: string, options: InputOptions): Message {
  return options.json === true ? messageFromJson(text, where) : { body: textBody(text, options) };
}

function repeated(text: (n: number) => string, what: string, options: InputOptions, signal: AbortSignal): MessageInput {
  const { count = 1 } = options;
  const fields = fieldsOf(options);
  let n = 0;
  // Asynchronous, because its consumers wait between messages.
  // oxlint-disable-next-line typescript/require-await
  const messages = async function* (): AsyncGenerator<Message> {
    while (n < count && !signal.aborted) {
      n++;
      yield { ...messageIn(text(n), what, options), ...fields };
    }
  };
  return { messages: messages(), total: count, unit: 'messages', done: () => n };
}

function fileInput(files: readonly string[], options: InputOptions, signal: AbortSignal): MessageInput {
  const fields = fieldsOf(options);
  let n = 0;
  const messages = async function* (): AsyncGenerator<Message> {
    for (const path of files) {
      if (signal.aborted) return;
      const contentType = options.contentType ?? TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream';
      const body = await readFile(path).catch((error: unknown) => unreadable(path, error));
      n++;
      yield { ...fields, contentType, body };
    }
  };
  return { messages: messages(), total: files.length, unit: 'messages', done: () => n };
}

function lineInput(options: InputOptions, signal: AbortSignal): MessageInput {
  const { input = '-', count = Infinity, json = false } = options;
  const isFile = input !== '-';
  const name = isFile ? input : 'standard input';
  const fields = fieldsOf(options);
  let done = 0;
  const messages = async function* (): AsyncGenerator<Message> {
    if (count === 0) return;
    const stream: Readable = isFile ? createReadStream(input) : process.stdin;
    addAbortSignal(signal, stream);
    try {
      for await (const { text, number, position } of linesOf(stream, name)) {
        done = position;
        // An empty line is an empty message, but between lines of JSON it is ignored.
        if (json && text.trim() === '') continue;
        yield { ...messageIn(text, `${name}, line ${number},`, options), ...fields };
        if (number >= count) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Error && 'code' in error) unreadable(name, error);
      throw error;
    } finally {
      // An open standard input would keep the process alive.
      stream.destroy();
    }
  };
  return { messages: messages(), total: isFile ? sizeOf(input) : undefined, unit: 'bytes', done: () => done };
}

function sizeOf(path: string): number | undefined {
  try {
    const stats = statSync(path);
    return stats.isFile() ? stats.size : undefined;
  } catch (error) {
    return unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): never {
  throw new CommandError(`${path} cannot be read: ${asError(error).message}.`, EXIT.input);
}
