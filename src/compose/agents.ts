import type { Agent, LoginRenewal } from '../agents/agent.ts';
import { claude } from '../agents/claude/claude.ts';
import { codex } from '../agents/codex/codex.ts';
import { createCodexRefresh } from '../agents/codex/login/refresh.ts';
import { gemini } from '../agents/gemini/gemini.ts';
import { systemClock as clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import type { Engine } from '../containers/engine/docker.ts';
import type { Db } from '../db/database.ts';
import type { EngineWatch } from '../flow/engine/engine-health.ts';
import { serviceStopping } from '../flow/errors.ts';
import type { Logger } from '../log/logger.ts';
import type { Redactor } from '../log/redact.ts';

/** Every agent that the service knows. */
export const AGENTS: readonly Agent[] = [codex, claude, gemini];

/** What the renewal of logins stands on. */
type RenewalResources = {
  config: Config;
  db: Db;
  redactor: Redactor;
  log: Logger;
  engine: Engine;
  engineWatch: EngineWatch;
};

/** The renewals by the name of their agent, and what ends them all. */
type ComposedRenewals = {
  renewals: ReadonlyMap<string, LoginRenewal>;
  stop: () => Promise<void>;
};

/** Renews logins for the service, and waits for renewals that an earlier process left running. */
export function composeRenewals({
  config,
  db,
  redactor,
  log,
  engine,
  engineWatch,
}: RenewalResources): ComposedRenewals {
  const parts = { engine, redactor, clock, log, owner: config.runAs, installation: db.installation };
  const renewals = new Map([[codex.name, createCodexRefresh({ ...parts, image: config.loginImage })]]);
  const ended = new AbortController();
  const adopting = engineWatch
    .untilReady(ended.signal)
    .then(() => Promise.all([...renewals.values()].map((renewal) => renewal.adopt())))
    .catch((error: unknown) => {
      if (!ended.signal.aborted) log.warn({ err: error }, 'leftover login renewals could not be awaited');
    });
  return {
    renewals,
    async stop() {
      ended.abort();
      await Promise.all([...renewals.values()].map((renewal) => renewal.stop(serviceStopping())));
      await adopting;
    },
  };
}
