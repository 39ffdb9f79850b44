import type { Command } from 'commander';
import { startApp } from '../../compose/service.ts';
import { webhookSecretMissing } from '../../config/webhook-secret.ts';
import type { Io } from '../terminal/io.ts';
import { hasAppSecret } from './doctor/apps.ts';
import { readConfig, warnOfSettings } from './shared/stores.ts';
import { unlockedConfig } from './shared/unlock.ts';
import { untilSignal } from './shared/until-signal.ts';

/** `serve`. */
export function addServeCommand(program: Command, io: Io): void {
  program
    .command('serve')
    .description('Receive webhooks and run agents until a signal stops it.')
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
