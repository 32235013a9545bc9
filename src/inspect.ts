import { inspect } from 'node:util';
import type { InspectOptions } from 'node:util';

/**
 * Defines how `console.log` and similar functions show the objects of a class, and the name of the class. Without such
 * a name, test runners copy objects to show how two of them differ, and a copy has no private fields. Call it from a
 * static block: declarations that are made file by file cannot have a member named by a symbol.
 */
export function inspectAs<Shown extends object>(
  type: { readonly name: string; readonly prototype: Shown },
  show: (shown: Shown, options: InspectOptions) => string,
): void {
  Object.defineProperty(type.prototype, inspect.custom, {
    value(this: Shown, _depth: number, options: InspectOptions): string {
      return show(this, options);
    },
    configurable: true,
    writable: true,
  });
  Object.defineProperty(type.prototype, Symbol.toStringTag, { value: type.name, configurable: true });
}
