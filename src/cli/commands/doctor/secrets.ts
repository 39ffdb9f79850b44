import { relative } from 'node:path';
import { systemClock } from '../../../base/clock.ts';
import { asFlowError } from '../../../base/errors.ts';
import type { Config } from '../../../config/config.ts';
import { createPassphrases } from '../../../credentials/secrets/passphrase.ts';
import { createSecretStores } from '../../../credentials/secrets/secret-stores.ts';
import type { Finding } from './check.ts';

/** Opens every secret store as the service would, and counts the secrets of each; no store is fine. */
export async function reportStores(config: Config): Promise<Finding> {
  const passphrases = createPassphrases({ given: () => config.passphrase, keyFile: config.keyFile });
  const stores = createSecretStores({ secretsDir: config.secretsDir, passphrases, clock: systemClock });
  const looks = await Promise.all(
    stores.existing().map(async ({ file, read }) => {
      const name = relative(config.secretsDir, file);
      return await read().then(
        (values) => ({ words: `${name} (${values.size})`, problems: [] }),
        (error: unknown) => ({ words: name, problems: [asFlowError(error).toProblem()] }),
      );
    }),
  );
  const detail = looks.length === 0 ? 'none' : looks.map(({ words }) => words).join(', ');
  return { detail, problems: looks.flatMap(({ problems }) => problems) };
}
