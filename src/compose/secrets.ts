import { join } from 'node:path';
import { systemClock as clock } from '../base/clock.ts';
import { asFlowError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import { createNamedSecrets, type NamedSecrets, warnOfDropped } from '../credentials/inject/named-secrets.ts';
import { createPassphrases } from '../credentials/secrets/passphrase.ts';
import { keepOutOfGit } from '../credentials/secrets/secret-store.ts';
import { createSecretStores } from '../credentials/secrets/secret-stores.ts';
import type { Logger } from '../log/logger.ts';
import type { Redactor } from '../log/redact.ts';
import { AGENTS } from './agents.ts';

/** The named secrets of runs. */
export type ComposedSecrets = {
  secrets: NamedSecrets;
  /** Opens every store that is there, and warns of those that do not count. */
  look(): Promise<void>;
};

/** Builds what looks named secrets up. */
export function composeSecrets(parts: { config: Config; redactor: Redactor; log: Logger }): ComposedSecrets {
  const { config, redactor, log } = parts;
  if (config.passphrase) redactor.add(config.passphrase.reveal());
  const passphrases = createPassphrases({ given: () => config.passphrase, keyFile: config.keyFile });
  const stores = createSecretStores({ secretsDir: config.secretsDir, passphrases, clock });
  const drop = warnOfDropped(log);
  const { secretsOrder: order, environment } = config;
  return {
    secrets: createNamedSecrets({ stores, order, agents: AGENTS, environment, drop }),
    async look() {
      await keepOutOfGit(join(config.secretsDir, 'service')).catch(() => {});
      for (const store of stores.existing())
        await store.read().catch((error: unknown) => drop(asFlowError(error)));
    },
  };
}
