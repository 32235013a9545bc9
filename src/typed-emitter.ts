import { EventEmitter } from 'node:events';

/** The methods of an emitter that take the name of an event. */
type ByName =
  'on' | 'once' | 'off' | 'addListener' | 'removeListener' | 'prependListener' | 'prependOnceListener' | 'emit';

/**
 * Node's `EventEmitter` with the events that there are and no others: a name that is misspelled does not compile. What
 * Node's own types say of an emitter takes any name.
 */
export interface TypedEmitter<Events extends Record<keyof Events, unknown[]>> extends Omit<EventEmitter, ByName> {
  /** Calls the listener for every event of that name. */
  on<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): this;
  /** Calls the listener for the next event of that name, and not again. */
  once<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): this;
  /** Calls the listener no more. */
  off<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): this;
  /** As `on`. */
  addListener<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): this;
  /** As `off`. */
  removeListener<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): this;
  /** As `on`, before the listeners that there are. */
  prependListener<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): this;
  /** As `once`, before the listeners that there are. */
  prependOnceListener<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): this;
  /** Calls the listeners of an event. */
  emit<Name extends keyof Events>(name: Name, ...values: Events[Name]): boolean;
}

/** Node's `EventEmitter` itself: only the types are other ones. */
export const TypedEmitter: new <Events extends Record<keyof Events, unknown[]>>() => TypedEmitter<Events> =
  EventEmitter as never;
