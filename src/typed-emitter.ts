import { EventEmitter } from 'node:events';

/** The methods of an emitter that take the name of an event. */
type ByName =
  'on' | 'once' | 'off' | 'addListener' | 'removeListener' | 'prependListener' | 'prependOnceListener' | 'emit';

/** Node's `EventEmitter`, typed so that only the names in `Events` compile. Node's own types accept any name. */
export interface TypedEmitter<Events extends Record<keyof Events, unknown[]>> extends Omit<EventEmitter, ByName> {
  /** Calls the listener for every event of that name. */
  on<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): this;
  /** Calls the listener for the next event of that name, and not again. */
  once<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): this;
  /** Removes the listener. */
  off<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): this;
  /** As `on`. */
  addListener<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): this;
  /** As `off`. */
  removeListener<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): this;
  /** As `on`, but before the other listeners. */
  prependListener<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): this;
  /** As `once`, but before the other listeners. */
  prependOnceListener<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): this;
  /** Calls the listeners of an event. */
  emit<Name extends keyof Events>(name: Name, ...values: Events[Name]): boolean;
}

/** Node's `EventEmitter` itself with other types. */
export const TypedEmitter: new <Events extends Record<keyof Events, unknown[]>>() => TypedEmitter<Events> =
  EventEmitter as never;
