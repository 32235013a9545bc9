import { Argument, Command } from 'commander';
import { print } from './output.js';

type Shell = 'bash' | 'zsh' | 'fish';

/** A command, the words that may follow it, and its description. */
interface Words {
  /** The names of its parents and its own, without the program's. */
  readonly path: readonly string[];
  readonly commands: readonly { name: string; description: string }[];
  readonly options: readonly OptionWords[];
  /** The possible values of its arguments, if they are known. */
  readonly choices: readonly string[];
}

interface OptionWords {
  readonly flag: string;
  readonly short: string | undefined;
  readonly description: string;
  readonly takesFile: boolean;
  /** The possible values of the option, if they are known. */
  readonly choices: readonly string[];
}

/** `amqp-messenger completion`: prints a script that completes commands and options. */
export function completionCommand(program: () => Command): Command {
  return new Command('completion')
    .description('Print a script that completes commands and options in a shell.')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      '\nTo use it:\n' +
        '  bash  eval "$(amqp-messenger completion bash)" in ~/.bashrc\n' +
        '  zsh   eval "$(amqp-messenger completion zsh)" in ~/.zshrc, after compinit\n' +
        '  fish  amqp-messenger completion fish | source in ~/.config/fish/config.fish',
    )
    .action((shell: Shell) => print(completionScript(program(), shell)));
}

/** The script for a shell. */
export function completionScript(program: Command, shell: Shell): string {
  const words = wordsOf(program, []);
  const name = program.name();
  if (shell === 'fish') return fish(name, words);
  return shell === 'zsh' ? `#compdef ${name}\n${zsh(name, words)}` : bash(name, words);
}

function wordsOf(command: Command, path: readonly string[]): Words[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command).map((sub) => ({ name: sub.name(), description: sub.description() }));
  const options = help.visibleOptions(command).map(({ long, short, description, flags, argChoices }) => ({
    flag: long ?? short ?? '',
    short,
    description: description.split(/[:;(]/)[0]?.trim() ?? '',
    takesFile: /<(path|file)/.test(flags),
    choices: argChoices ?? [],
  }));
  const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
  return [
    { path, commands, options, choices },
    ...command.commands.flatMap((sub) => wordsOf(sub, [...path, sub.name()])),
  ];
}

function bash(name: string, words: readonly Words[]): string {
  const cases = words.map(({ path, commands, options, choices }) => {
    const all = [...commands.map((command) => command.name), ...choices, ...options.map(({ flag }) => flag)].join(' ');
    return `    '${path.join(' ')}') words='${all}' ;;`;
  });
  const files = [
    ...new Set(words.flatMap(({ options }) => options.filter(({ takesFile }) => takesFile).map(({ flag }) => flag))),
  ];
  const known = words.filter(({ path }) => path.length > 0).map(({ path }) => `'${path.join(' ')}'`);
  return `_${identifier(name)}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path= word words=
  case $previous in
    ${files.join('|')}) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
      ${known.join('|')}) path="\${path:+$path }$word" ;;
    esac
  done
  case $path in
${cases.join('\n')}
  esac
  case "$path $previous" in
${valueCases(words, (choices) => `words='${choices.join(' ')}'`)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _${identifier(name)} ${name}
`;
}

function zsh(name: string, words: readonly Words[]): string {
  const cases = words.map(({ path, commands, options, choices }) => {
    const all = [
      ...commands.map((command) => described(command.name, command.description)),
      ...choices.map(quoted),
      ...options.map(({ flag, description }) => described(flag, description)),
    ];
    return `    '${path.join(' ')}') items=(${all.join(' ')}) ;;`;
  });
  const known = words.filter(({ path }) => path.length > 0).map(({ path }) => `'${path.join(' ')}'`);
  return `_${identifier(name)}() {
  local path_= word
  local -a items
  for word in \${words[2,CURRENT-1]}; do
    case "\${path_:+$path_ }$word" in
      ${known.join('|')}) path_="\${path_:+$path_ }$word" ;;
    esac
  done
  case $path_ in
${cases.join('\n')}
  esac
  case "$path_ \${words[CURRENT-1]}" in
${valueCases(words, (choices) => `items=(${choices.map(quoted).join(' ')})`)}
  esac
  _describe '${name}' items || _files
}
compdef _${identifier(name)} ${name}
`;
}

function fish(name: string, words: readonly Words[]): string {
  const lines = words.flatMap(({ path, commands, options, choices }) => {
    const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`);
    const notYet =
      commands.length === 0 ? [] : [`not __fish_seen_subcommand_from ${commands.map((c) => c.name).join(' ')}`];
    const when = (parts: readonly string[]): string =>
      parts.length === 0 ? '' : ` -n ${quoted(parts.join('; and '))}`;
    return [
      ...commands.map(
        (command) =>
          `complete -c ${name} -f${when([...seen, ...notYet])} -a ${command.name} -d ${quoted(command.description)}`,
      ),
      ...choices.map((choice) => `complete -c ${name} -f${when(seen)} -a ${quoted(choice)}`),
      ...options.map(({ flag, short, description, takesFile, choices: values }) => {
        const value = takesFile ? ' -r -F' : values.length > 0 ? ` -x -a ${quoted(values.join(' '))}` : '';
        const letters = short === undefined ? '' : ` -s ${short.slice(1)}`;
        const after = seen.length > 0 ? seen : notYet;
        return `complete -c ${name}${when(after)} -l ${flag.slice(2)}${letters}${value} -d ${quoted(description)}`;
      }),
    ];
  });
  return `${lines.join('\n')}\n`;
}

/** The cases of bash and zsh for options whose values are known. */
function valueCases(words: readonly Words[], act: (choices: readonly string[]) => string): string {
  const cases = words.flatMap(({ path, options }) =>
    options.flatMap(({ flag, short, choices }) => {
      if (choices.length === 0) return [];
      const names = [flag, ...(short === undefined ? [] : [short])].map((name) => `'${[...path, name].join(' ')}'`);
      return [`    ${names.join('|')}) ${act(choices)} ;;`];
    }),
  );
  return cases.join('\n');
}

/** An item of zsh: its name, a colon, and its description. */
function described(word: string, description: string): string {
  return quoted(`${word.replaceAll(':', '\\:')}:${description.replaceAll(':', ' ')}`);
}

/** Quotes a text for a shell, in single quotes. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function identifier(name: string): string {
  return name.replaceAll('-', '_');
}
