import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { asFlowError, IssuesError } from '../base/errors.ts';
import { type Io, processIo } from './terminal/io.ts';
import { plain, printJson, problemText } from './terminal/output.ts';
import { usageHint } from './terminal/usage-hint.ts';

type AddCommand = (program: Command, io: Io) => void;

/** The file of each command, in the order of the help. Most load half of the service, so only the requested one is loaded. */
const COMMANDS: Record<string, () => Promise<AddCommand>> = {
  serve: async () => (await import('./commands/serve.ts')).addServeCommand,
  worker: async () => (await import('./commands/worker.ts')).addWorkerCommand,
  demo: async () => (await import('./commands/demo/demo.ts')).addDemoCommand,
  doctor: async () => (await import('./commands/doctor/doctor.ts')).addDoctorCommand,
  profiles: async () => (await import('./commands/profiles.ts')).addProfilesCommand,
  explain: async () => (await import('./commands/explain.ts')).addExplainCommand,
  send: async () => (await import('./commands/send.ts')).addSendCommand,
  runs: async () => (await import('./commands/runs.ts')).addRunsCommand,
  workers: async () => (await import('./commands/workers.ts')).addWorkersCommand,
  deliveries: async () => (await import('./commands/deliveries.ts')).addDeliveriesCommand,
  secret: async () => (await import('./commands/secret/secret.ts')).addSecretCommand,
  app: async () => (await import('./commands/app/app.ts')).addAppCommand,
  'github-token': async () => (await import('./commands/github-token.ts')).addGitHubTokenCommand,
  codex: async () => (await import('./commands/codex.ts')).addCodexCommand,
  schema: async () => (await import('./commands/schema.ts')).addSchemaCommand,
};

function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** The command line with the one command that the arguments name, or with all. */
export async function createProgram(io: Io, argv: readonly string[] = []): Promise<Command> {
  const program = new Command('github-flows')
    .version(packageVersion(), '--version', 'print the version')
    .description('Run coding agents in Docker containers when GitHub sends an event.')
    .showHelpAfterError(false)
    .showSuggestionAfterError(false)
    .configureOutput({ writeOut: io.out, writeErr: (text) => io.err(plain(text)) })
    .exitOverride();
  const asked = argv.find((word) => !word.startsWith('-')) ?? '';
  const one = Object.hasOwn(COMMANDS, asked) ? COMMANDS[asked] : undefined;
  const adders = await Promise.all((one ? [one] : Object.values(COMMANDS)).map((load) => load()));
  for (const add of adders) add(program, io);
  return program;
}

/** Runs one command; gives the exit code: 0 success, 1 failure, 2 usage error. */
export async function runCli(argv: readonly string[], io: Io = processIo()): Promise<number> {
  let code = 0;
  const watched: Io = {
    ...io,
    fail: (failure) => {
      code = failure;
    },
  };
  const program = await createProgram(watched, argv);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      const hint = error.exitCode === 0 ? '' : usageHint(program, argv, error);
      return reportUsage(watched, error, hint, argv.includes('--json'));
    }
    return reportError(watched, error, argv.includes('--json'));
  }
}

/** Commander has already printed its message or its help. */
function reportUsage(io: Io, error: CommanderError, hint: string, json: boolean): number {
  if (error.exitCode === 0) return 0;
  const message = error.code === 'commander.help' ? 'A subcommand is missing.' : sentence(error.message);
  if (json) printJson(io, { error: { code: 'usage', message, hint: hint } });
  else if (error.code !== 'commander.help') io.err(plain(`  → ${hint} [usage]\n`));
  return 2;
}

/** `error: unknown option '--x'` as a sentence. */
function sentence(words: string): string {
  const bare = words.replace(/^error: /, '').split('\n')[0] ?? '';
  return `${bare.charAt(0).toUpperCase()}${bare.slice(1)}${/[.?]$/.test(bare) ? '' : '.'}`;
}

function reportError(io: Io, error: unknown, json: boolean): number {
  const issue = asFlowError(error);
  const issues = issue instanceof IssuesError ? issue.issues : [];
  if (json)
    printJson(io, { error: { ...issue.toOperatorProblem(), ...(issues.length > 0 ? { issues } : {}) } });
  else io.err([problemText(issue.toOperatorProblem()), ...issues.map(problemText)].join(''));
  return issue.code === 'usage' ? 2 : 1;
}
