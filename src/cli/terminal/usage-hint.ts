import type { Command, CommanderError } from 'commander';
import { nearMiss } from '../../base/words.ts';
import { OPTIONS } from '../../config/options.ts';

/** Words of other tools, with the commands that they may mean. */
const OTHER_WORDS: Readonly<Record<string, readonly string[]>> = {
  add: ['set', 'create'],
  check: ['validate', 'test', 'doctor'],
  config: ['doctor'],
  get: ['show'],
  ls: ['list'],
  kill: ['cancel'],
  log: ['logs'],
  new: ['create', 'set'],
  rerun: ['retry', 'replay'],
  restart: ['retry', 'replay'],
  rm: ['delete', 'remove'],
  remove: ['delete'],
  delete: ['remove'],
  start: ['serve'],
  status: ['show', 'list', 'doctor'],
  stop: ['cancel', 'drain'],
  tail: ['logs'],
  test: ['validate', 'doctor'],
  up: ['serve'],
  version: ['--version'],
  view: ['show'],
};

/** Errors that are fixed by the usage line. */
const AS_USAGE = [
  'commander.missingArgument',
  'commander.excessArguments',
  'commander.missingMandatoryOptionValue',
];

/** A hint for arguments that commander refused: the nearest valid ones, all of them, and `--help`. */
export function usageHint(
  program: Command,
  argv: readonly string[],
  { code, message }: CommanderError,
): string {
  const command = commandOf(program, argv);
  const [, word = ''] = /'([^']*)'/.exec(message) ?? [];
  const help = `\`${nameOf(command)} --help\` lists what it accepts.`;
  if (code === 'commander.unknownOption') return `${optionHint(program, command, word)} ${help}`;
  if (code === 'commander.unknownCommand') return `${commandHint(program, command, word)} ${help}`;
  if (AS_USAGE.includes(code)) return `Write it as \`${usageOf(command)}\`. ${help}`;
  return help;
}

/** The command that the arguments name. */
function commandOf(program: Command, argv: readonly string[]): Command {
  let command = program;
  for (const word of argv.filter((each) => !each.startsWith('-'))) {
    const next = command.commands.find((child) => child.name() === word);
    if (!next) break;
    command = next;
  }
  return command;
}

function nameOf(command: Command): string {
  return command.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();
}

function usageOf(command: Command): string {
  const words = command.registeredArguments.map((argument) =>
    argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
  );
  const needed = command.options.filter(({ mandatory }) => mandatory).map(({ flags }) => flags);
  return [nameOf(command), ...words, ...needed].join(' ');
}

function optionHint(program: Command, command: Command, flag: string): string {
  const bare = flag.replace(/^-+/, '').replace(/=.*$/s, '');
  const own = optionsOf(command);
  const near = nearMiss(bare, own);
  if (near !== undefined) return `Did you mean --${near}?`;
  const other = leaves(program).find((each) => optionsOf(each).includes(bare));
  if (other) return `\`${nameOf(other)}\` takes --${bare}.`;
  const settings: string[] = OPTIONS.map(({ name }) => name);
  const setting = settings.find((name) => name === bare.replaceAll('-', '_').toUpperCase());
  if (setting !== undefined) return `${setting} is a setting: set ${setting}=… in the environment or .env.`;
  return own.length > 0 ? `It takes ${own.map((name) => `--${name}`).join(', ')}.` : 'It takes no options.';
}

function optionsOf(command: Command): string[] {
  return command.options.flatMap(({ long }) => (long ? [long.slice(2)] : []));
}

function commandHint(program: Command, command: Command, word: string): string {
  const own = childrenOf(command).map((child) => child.name());
  const known = [...own, ...(command.parent ? [] : ['--version'])];
  const other = (OTHER_WORDS[word] ?? []).find((name) => known.includes(name));
  const near = other ?? nearMiss(word, own);
  if (near !== undefined) return `Did you mean ${near}?`;
  const elsewhere = leaves(program).find((leaf) => leaf.name() === word);
  return elsewhere ? `Did you mean \`${nameOf(elsewhere)}\`?` : `Commands: ${own.join(', ')}.`;
}

function childrenOf(command: Command): Command[] {
  return command.commands.filter((child) => child.name() !== 'help');
}

function leaves(command: Command): Command[] {
  const children = childrenOf(command);
  return children.length === 0 ? [command] : children.flatMap(leaves);
}
