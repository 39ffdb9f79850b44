import { type ComposedApps, composeApps } from '../../../compose/apps.ts';
import type { Config } from '../../../config/config.ts';
import { createLogger } from '../../../log/logger.ts';
import { createRedactor } from '../../../log/redact.ts';
import type { Io } from '../../terminal/io.ts';
import { unlockStores } from './unlock.ts';

/** The Apps for one command, which logs nothing; `write` creates a key for the store if it is missing. */
export async function appsOf(io: Io, config: Config, purpose: 'read' | 'write'): Promise<ComposedApps> {
  const stores = await unlockStores(io, config, purpose);
  const redactor = createRedactor();
  const log = createLogger({ level: 'silent', redactor });
  return composeApps({ config, redactor, log, file: stores.named('apps.enc') });
}
