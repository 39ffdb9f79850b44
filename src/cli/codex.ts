import { join } from 'node:path';
import type { Command } from 'commander';
import { isoTime, systemClock } from '../base/clock.ts';
import { createEngine } from '../containers/docker.ts';
import { inspectCodexState } from '../credentials/codex-state.ts';
import { codexLogin } from '../flow/codex-login.ts';
import { codexSummary } from './codex-words.ts';
import type { Io } from './io.ts';
import { plain, printJson, problemText } from './output.ts';
import { untilSignal } from './serve.ts';
import { readConfig } from './stores.ts';

const IMAGE = 'github-flows-agent-codex:latest';

/** `codex login|status`. */
export function addCodexCommand(program: Command, io: Io): void {
  const codex = program.command('codex').description('Log in to Codex once, and see what the login holds.');
  codex
    .command('login')
    .description('The one-time login, in a container that holds the state directory and nothing else.')
    .option('--json', 'print what the state holds then as JSON, and Codex’s words on standard error')
    .action(async (options: { json?: true }) => {
      const config = readConfig(io);
      const stateDir = join(config.secretsDir, 'codex');
      const engine = createEngine({ dockerHost: config.dockerHost, clock: systemClock });
      await codexLogin({
        engine,
        image: IMAGE,
        stateDir,
        owner: config.runAs,
        print: (text) => (options.json ? io.err : io.out)(plain(text)),
        interrupted: untilSignal(),
        nowMs: systemClock.now(),
      });
      await status(io, options.json === true);
    });
  codex
    .command('status')
    .description('The login, the account, how long it lasts, the model, and what is wrong.')
    .option('--json', 'print JSON')
    .action(async (options: { json?: true }) => await status(io, options.json === true));
}

async function status(io: Io, json: boolean): Promise<void> {
  const config = readConfig(io);
  const now = systemClock.now();
  const state = await inspectCodexState(join(config.secretsDir, 'codex'), now);
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
