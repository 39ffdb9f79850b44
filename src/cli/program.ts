import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { asFlowError, FaultsError } from '../base/errors.ts';
import { addAppCommand } from './app.ts';
import { addCodexCommand } from './codex.ts';
import { addDeliveriesCommand } from './deliveries.ts';
import { addDemoCommand } from './demo.ts';
import { addDoctorCommand } from './doctor.ts';
import { addExplainCommand } from './explain.ts';
import { addGitHubTokenCommand } from './github-token.ts';
import { type Io, processIo } from './io.ts';
import { plain, printJson, problemText } from './output.ts';
import { addProfilesCommand } from './profiles.ts';
import { addRunsCommand } from './runs.ts';
import { addSchemaCommand } from './schema.ts';
import { addSecretCommand } from './secret.ts';
import { addSendCommand } from './send.ts';
import { addServeCommand } from './serve.ts';
import { addWorkerCommand } from './worker.ts';
import { addWorkersCommand } from './workers.ts';

function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** The whole command line; every command is a file beside this one. */
export function createProgram(io: Io): Command {
  const program = new Command('github-flows')
    .version(packageVersion(), '--version', 'print the version')
    .description('Runs coding agents in Docker containers when GitHub tells of a comment.')
    .showHelpAfterError('(run with --help for what can be asked)')
    .showSuggestionAfterError(true)
    .configureOutput({ writeOut: io.out, writeErr: (text) => io.err(plain(text)) })
    .exitOverride();
  const adders = [
    addServeCommand,
    addWorkerCommand,
    addDemoCommand,
    addDoctorCommand,
    addProfilesCommand,
    addExplainCommand,
    addSendCommand,
    addRunsCommand,
    addWorkersCommand,
    addDeliveriesCommand,
    addSecretCommand,
    addAppCommand,
    addGitHubTokenCommand,
    addCodexCommand,
    addSchemaCommand,
  ];
  for (const add of adders) add(program, io);
  return program;
}

/** Runs one command; gives the exit code: 0 done, 1 it failed, 2 it was asked wrongly. */
export async function runCli(argv: readonly string[], io: Io = processIo()): Promise<number> {
  let code = 0;
  const watched: Io = {
    ...io,
    fail: (failure) => {
      code = failure;
    },
  };
  try {
    await createProgram(watched).parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return reportUsage(watched, error, argv.includes('--json'));
    return reportError(watched, error, argv.includes('--json'));
  }
}

/** Commander has said it for people already. */
function reportUsage(io: Io, error: CommanderError, json: boolean): number {
  if (error.exitCode === 0) return 0;
  const message = error.code === 'commander.help' ? 'A subcommand is missing.' : sentence(error.message);
  if (json)
    printJson(io, { error: { code: 'usage', message, mend: 'Run it with --help for what can be asked.' } });
  return 2;
}

/** `error: unknown option '--x'` as a sentence. */
function sentence(words: string): string {
  const bare = words.replace(/^error: /, '').split('\n')[0] ?? '';
  return `${bare.charAt(0).toUpperCase()}${bare.slice(1)}${/[.?]$/.test(bare) ? '' : '.'}`;
}

function reportError(io: Io, error: unknown, json: boolean): number {
  const fault = asFlowError(error);
  const faults = fault instanceof FaultsError ? fault.faults : [];
  if (json)
    printJson(io, { error: { ...fault.toOperatorProblem(), ...(faults.length > 0 ? { faults } : {}) } });
  else io.err([problemText(fault.toOperatorProblem()), ...faults.map(problemText)].join(''));
  return fault.code === 'usage' ? 2 : 1;
}
