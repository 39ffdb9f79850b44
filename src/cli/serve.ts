import type { Command } from 'commander';
import { startApp } from '../app.ts';
import { systemClock } from '../base/clock.ts';
import { envFileFaults } from '../config/env-file.ts';
import { webhookSecretMissing } from '../config/webhook-secret.ts';
import { hasAppSecret } from './apps-check.ts';
import type { Io } from './io.ts';
import { problemText } from './output.ts';
import { readConfig } from './stores.ts';
import { unlockedConfig } from './unlock.ts';

/** `serve`. */
export function addServeCommand(program: Command, io: Io): void {
  program
    .command('serve')
    .description('Receive webhooks and run agents until told to stop.')
    .action(async () => {
      const config = readConfig(io);
      warnOfSettings(io);
      if (config.webhookSecrets.length === 0 && !(await hasAppSecret(config))) throw webhookSecretMissing();
      const stopping = untilSignal();
      const app = await startApp(await unlockedConfig(io, config));
      io.err(`Receiving webhooks at ${app.url}/webhooks/github\n`);
      await stopping;
      await app.stop(config.drainMs);
    });
}

/** Says which lines of the file of settings set nothing; a service goes on without them. */
export function warnOfSettings(io: Io): void {
  const { file } = io.origin();
  for (const fault of file === undefined ? [] : envFileFaults(file)) io.err(problemText(fault));
}

/** A signal that comes again within this time is the same one: a terminal and npm both send it. */
const SAME_SIGNAL_MS = 1_000;

/** Resolves at the first of the signals; a second one ends the process at once, which loses nothing. */
export function untilSignal(signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT']): Promise<void> {
  return new Promise((resolve) => {
    let askedAt: number | undefined;
    const onSignal = (): void => {
      if (askedAt !== undefined && systemClock.now() - askedAt > SAME_SIGNAL_MS) process.exit(1);
      askedAt ??= systemClock.now();
      resolve();
    };
    for (const signal of signals) process.on(signal, onSignal);
  });
}
