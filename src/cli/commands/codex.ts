import { join } from 'node:path';
import type { Command } from 'commander';
import { codexInteractive, codexLogin, type Terminal } from '../../agents/codex/login/person.ts';
import { inspectCodexState } from '../../agents/codex/state/state.ts';
import { codexSummary } from '../../agents/codex/state/summary.ts';
import { systemClock as clock, isoTime } from '../../base/clock.ts';
import type { Config } from '../../config/config.ts';
import { createEngine, type Engine } from '../../containers/engine/docker.ts';
import type { Io } from '../terminal/io.ts';
import { plain, printJson, problemText } from '../terminal/output.ts';
import { usage } from '../terminal/usage.ts';
import { readConfig } from './shared/stores.ts';
import { untilSignal } from './shared/until-signal.ts';

/** A closed terminal ends a person's container too; otherwise it would hold the login for ever. */
const SIGNALS: NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/** `codex login|run|status`. */
export function addCodexCommand(program: Command, io: Io): void {
  const codex = program
    .command('codex')
    .description('Manage the Codex login: log in once, choose the model, show the status.');
  codex
    .command('login')
    .description('Log in once, in a container with only the state directory.')
    .option('--json', 'print the status as JSON, and the output of Codex on standard error')
    .action(async (options: { json?: true }) => {
      const config = readConfig(io);
      await codexLogin({
        ...whereCodexIs(config),
        print: (text) => (options.json ? io.err : io.out)(plain(text)),
        interrupted: untilSignal(SIGNALS),
      });
      await status(io, options.json === true);
    });
  codex
    .command('run')
    .description('Open Codex on this terminal with the login of the host, for example to choose the model.')
    .action(async () => {
      const config = readConfig(io);
      const terminal = openTerminal(config.environment.TERM);
      const person = {
        ...whereCodexIs(config),
        print: (text: string) => io.err(plain(text)),
        interrupted: untilSignal(SIGNALS),
      };
      const exitCode = await codexInteractive(person, terminal);
      if (exitCode !== 0) {
        io.err(`Codex ended with exit code ${exitCode}.\n`);
        io.fail(1);
      }
    });
  codex
    .command('status')
    .description('Show the login, the account, the expiry, the model, and problems.')
    .option('--json', 'print JSON')
    .action(async (options: { json?: true }) => await status(io, options.json === true));
}

function whereCodexIs(config: Config): {
  engine: Engine;
  image: string;
  stateDir: string;
  owner: Config['runAs'];
  clock: typeof clock;
} {
  const engine = createEngine({ dockerHost: config.dockerHost, clock });
  return {
    ...{ engine, clock, image: config.loginImage, owner: config.runAs },
    stateDir: stateDirOf(config),
  };
}

function stateDirOf(config: Config): string {
  return join(config.secretsDir, 'codex');
}

async function status(io: Io, json: boolean): Promise<void> {
  const config = readConfig(io);
  const now = clock.now();
  const state = await inspectCodexState(stateDirOf(config), now);
  if (json)
    printJson(io, {
      ...state,
      accessExpiresAt: isoTime(state.accessExpiresAt),
      lastRefresh: isoTime(state.lastRefresh),
    });
  else {
    io.out(`${plain(codexSummary(state, now))}\n`);
    for (const problem of state.problems) io.out(problemText(problem));
  }
  if (state.problems.length > 0) io.fail(1);
}

/** The terminal that this command was started on. Throws `usage` when standard input or output is none. */
function openTerminal(kind: string | undefined): Terminal {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY)
    throw usage(
      'This command needs a terminal, but standard input or output is not one.',
      'Run it in a terminal without pipes; over SSH use `ssh -t`.',
    );
  return {
    kind: kind !== undefined && /^[\w.+-]{1,64}$/.test(kind) ? kind : 'xterm-256color',
    size: () => ({ rows: stdout.rows || 24, columns: stdout.columns || 80 }),
    onResize(changed) {
      stdout.on('resize', changed);
      return () => void stdout.off('resize', changed);
    },
    join(container) {
      stdin.setRawMode(true);
      stdin.pipe(container);
      container.pipe(stdout, { end: false });
      container.on('error', () => undefined);
      return () => {
        stdin.unpipe(container);
        container.unpipe(stdout);
        stdin.setRawMode(false);
        stdin.pause();
      };
    },
  };
}
