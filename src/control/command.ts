import type { ListenerOptions } from '../channels/message-queue-listener.js';
import { RequestError } from '../errors.js';
import { fieldOf } from './json-line.js';
import type { JsonObject } from './json-line.js';

/** The options of a listener that a client can give, which are those that JSON can hold. */
export type RemoteListenerOptions = Pick<ListenerOptions, 'id' | 'capacity' | 'overflow' | 'whileStopped'>;

/** A command of a client to the channels. */
export type Command =
  | { readonly verb: 'create'; readonly channel: string | undefined }
  | { readonly verb: 'register'; readonly channel: string; readonly options: RemoteListenerOptions }
  | {
      readonly verb: 'dispatch';
      readonly channel: string;
      readonly listener: string;
      readonly type: string;
      readonly payload: unknown;
    }
  | { readonly verb: 'broadcast'; readonly channel: string; readonly type: string; readonly payload: unknown }
  | { readonly verb: 'listen'; readonly channel: string; readonly listener: string }
  | { readonly verb: 'watch'; readonly channel: string; readonly options: RemoteListenerOptions }
  | { readonly verb: 'removeListener'; readonly channel: string; readonly listener: string }
  | { readonly verb: 'removeChannel'; readonly channel: string };

/** The commands that are answered by a stream. */
export type StreamCommand = Extract<Command, { verb: 'listen' | 'watch' }>;
/** The commands that are answered once. */
export type PlainCommand = Exclude<Command, StreamCommand>;

const READERS: Readonly<{ [Verb in Command['verb']]: (request: JsonObject) => Extract<Command, { verb: Verb }> }> = {
  create: (request) => ({ verb: 'create', channel: optionalText(request, 'channel') }),
  register: (request) => ({ verb: 'register', channel: text(request, 'channel'), options: listenerOptions(request) }),
  dispatch: (request) => ({
    verb: 'dispatch',
    channel: text(request, 'channel'),
    listener: text(request, 'listener'),
    type: text(request, 'type'),
    payload: fieldOf(request, 'payload') ?? null,
  }),
  broadcast: (request) => ({
    verb: 'broadcast',
    channel: text(request, 'channel'),
    type: text(request, 'type'),
    payload: fieldOf(request, 'payload') ?? null,
  }),
  listen: (request) => ({ verb: 'listen', channel: text(request, 'channel'), listener: text(request, 'listener') }),
  watch: (request) => ({ verb: 'watch', channel: text(request, 'channel'), options: listenerOptions(request) }),
  removeListener: (request) => ({
    verb: 'removeListener',
    channel: text(request, 'channel'),
    listener: text(request, 'listener'),
  }),
  removeChannel: (request) => ({ verb: 'removeChannel', channel: text(request, 'channel') }),
};

/** Reads a command. Fields it does not know are left alone. @throws RequestError for what is not understood. */
export function readCommand(request: JsonObject): Command {
  const verb = fieldOf(request, 'verb');
  if (typeof verb !== 'string') throw new RequestError('A request needs a verb. Give one as text.');
  if (!isVerb(verb)) throw new RequestError(`There is no verb ${JSON.stringify(verb.slice(0, 40))}.`);
  return READERS[verb](request);
}

/** True when the server answers the command by a stream. */
export function opensStream(command: Command): command is StreamCommand {
  return command.verb === 'listen' || command.verb === 'watch';
}

/** A field that must be text. @throws RequestError when it is not. */
export function text(request: JsonObject, name: string): string {
  const value = optionalText(request, name);
  if (value === undefined) throw new RequestError(`The request needs ${name}. Give it as text.`);
  return value;
}

function optionalText(request: JsonObject, name: string): string | undefined {
  const value = fieldOf(request, name);
  if (value === undefined || typeof value === 'string') return value;
  throw new RequestError(`Field ${name} must be text.`);
}

function listenerOptions(request: JsonObject): RemoteListenerOptions {
  const { listener: id, capacity, overflow, whileStopped } = request;
  const options = Object.entries({ id, capacity, overflow, whileStopped }).filter(([, value]) => value !== undefined);
  // The listener checks its options, whatever their types are.
  return Object.fromEntries(options);
}

function isVerb(verb: string): verb is Command['verb'] {
  return Object.hasOwn(READERS, verb);
}
