import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import { readAdminToken } from '../credentials/admin-token.ts';
import { type AdminRoutes, startAdminServer } from '../http/admin-server.ts';
import { createHealthRouter, type ReadyCheck } from '../http/health-routes.ts';
import type { Listener } from '../http/listen.ts';
import { createLogin, type Login } from '../http/login.ts';
import type { Logger } from '../log/logger.ts';
import type { Redactor } from '../log/redact.ts';

/** Opens the admin listener: health and readiness for all, `routesFor` what else there is, given the admin's login. Throws the codes of the token and `listen_failed`. */
export async function composeAdmin(parts: {
  config: Config;
  redactor: Redactor;
  log: Logger;
  clock: Clock;
  checks: readonly ReadyCheck[];
  routesFor: (login: Login) => readonly AdminRoutes[];
}): Promise<Listener> {
  const { config, redactor, log, clock, checks, routesFor } = parts;
  const token = (await readAdminToken(config.secretsDir)).reveal();
  redactor.add(token);
  const login = createLogin(token, clock);
  return await startAdminServer({
    host: config.adminHost,
    port: config.adminPort,
    login,
    hosts: config.publicUrl === undefined ? [] : [new URL(config.publicUrl).hostname],
    routers: [{ path: '/', router: createHealthRouter(checks, clock), open: true }, ...routesFor(login)],
    log,
    clock,
  });
}
