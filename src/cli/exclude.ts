import type { Command } from 'commander';

/**
 * Refuses options that go together with another one and have no effect then, so that nobody waits for what they should do.
 *
 * @param pairs Of each pair, the one without effect and the other, by the names of their values.
 */
export function exclude(command: Command, ...pairs: readonly (readonly [idle: string, other: string])[]): Command {
  for (const [idle, other] of pairs) {
    command.options.find((option) => option.attributeName() === idle)?.conflicts(other);
  }
  return command;
}
