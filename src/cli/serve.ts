import type { Command } from 'commander';
import { startApp } from '../app.ts';
import { webhookSecretMissing } from '../config/webhook-secret.ts';
import type { Io } from './io.ts';
import { readConfig } from './stores.ts';

/** `serve`. */
export function addServeCommand(program: Command, io: Io): void {
  program
    .command('serve')
    .description('Receive webhooks and run agents until told to stop.')
    .action(async () => {
      const config = readConfig(io);
      if (config.webhookSecrets.length === 0) throw webhookSecretMissing();
      const stopping = untilSignal();
      const app = await startApp(config);
      io.err(`Receiving webhooks at ${app.url}/webhooks/github\n`);
      await stopping;
      await app.stop(config.drainMs);
    });
}

/** Resolves at the first SIGTERM or SIGINT; the second ends the process at once, which loses nothing. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (): void => {
      if (asked) process.exit(1);
      asked = true;
      resolve();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
