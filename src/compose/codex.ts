import { systemClock as clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import type { Engine } from '../containers/engine/docker.ts';
import type { Db } from '../db/open.ts';
import { type CodexRefresh, createCodexRefresh } from '../flow/credentials/codex-refresh.ts';
import type { EngineWatch } from '../flow/engine/engine-health.ts';
import type { Logger } from '../log/logger.ts';
import type { Redactor } from '../log/redact.ts';

/** What the renewal of Codex logins stands on. */
type CodexResources = {
  config: Config;
  db: Db;
  redactor: Redactor;
  log: Logger;
  engine: Engine;
  engineWatch: EngineWatch;
};

/** The service's own renewal of Codex logins; what a service before this one left running is waited for from now on. */
export function composeCodex({
  config,
  db,
  redactor,
  log,
  engine,
  engineWatch,
}: CodexResources): CodexRefresh {
  const refresh = createCodexRefresh({
    engine,
    redactor,
    clock,
    log,
    image: config.codexImage,
    owner: config.runAs,
    installation: db.installation,
  });
  const ended = new AbortController();
  const adopting = engineWatch
    .untilReady(ended.signal)
    .then(refresh.adopt)
    .catch((error: unknown) => {
      if (!ended.signal.aborted)
        log.warn({ err: error }, 'a renewal of the Codex login that was left is not waited for');
    });
  return {
    ...refresh,
    async stop() {
      ended.abort();
      await refresh.stop();
      await adopting;
    },
  };
}
