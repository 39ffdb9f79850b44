import type { Clock } from './base/clock.ts';
import type { Config } from './config/config.ts';
import { readAdminToken } from './credentials/admin-token.ts';
import { type AdminRoutes, startAdminServer } from './http/admin-server.ts';
import { createHealthRouter, type ReadyCheck } from './http/health-routes.ts';
import type { Listener } from './http/listen.ts';
import type { Logger } from './log/logger.ts';
import type { Redactor } from './log/redact.ts';

/** Opens the admin listener: health and readiness for all, `routes` as they say. Throws the codes of the token and `listen_failed`. */
export async function joinAdmin(parts: {
  config: Config;
  redactor: Redactor;
  log: Logger;
  clock: Clock;
  checks: readonly ReadyCheck[];
  routes: readonly AdminRoutes[];
}): Promise<Listener> {
  const { config, redactor, log, clock, checks, routes } = parts;
  const token = (await readAdminToken(config.secretsDir)).reveal();
  redactor.add(token);
  return await startAdminServer({
    host: config.adminHost,
    port: config.adminPort,
    token,
    hosts: config.publicUrl === undefined ? [] : [new URL(config.publicUrl).hostname],
    routers: [{ path: '/', router: createHealthRouter(checks, clock), open: true }, ...routes],
    log,
    clock,
  });
}
