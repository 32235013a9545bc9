import { inspect } from 'node:util';
import type { InspectOptions } from 'node:util';

/**
 * Says how `console.log` and its kin show the objects of a class, and what the class is called. Test runners copy objects
 * without such a name to show how two of them differ, and a copy has no private fields. Called from a static block: a
 * member named by a symbol has no place in declarations that are made file by file.
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
