import type { Command } from 'commander';

/**
 * Refuses options that have no effect together with another one, so that no user waits for their effect.
 *
 * @param pairs For each pair, the names of the option without effect and of the other one.
 */
export function exclude(command: Command, ...pairs: readonly (readonly [idle: string, other: string])[]): Command {
  for (const [idle, other] of pairs) {
    command.options.find((option) => option.attributeName() === idle)?.conflicts(other);
  }
  return command;
}
