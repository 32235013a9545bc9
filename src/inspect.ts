import { inspect } from 'node:util';
import type { InspectOptions } from 'node:util';

/**
 * Says how `console.log` and its kin show the objects of a class. Called from a static block: a method named by a symbol
 * has no place in declarations that are made file by file.
 */
export function inspectAs<Shown extends object>(
  type: { readonly prototype: Shown },
  show: (shown: Shown, options: InspectOptions) => string,
): void {
  Object.defineProperty(type.prototype, inspect.custom, {
    value(this: Shown, _depth: number, options: InspectOptions): string {
      return show(this, options);
    },
    configurable: true,
    writable: true,
  });
}
