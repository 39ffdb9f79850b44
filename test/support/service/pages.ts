import { Router, urlencoded } from 'express';
import { onTestFinished } from 'vitest';
import { FlowError } from '../../../src/base/errors.ts';
import { createGitHubLinks } from '../../../src/dashboard/links.ts';
import type { DashboardActions, RunPageData } from '../../../src/dashboard/parts.ts';
import { addDashboardRoutes } from '../../../src/dashboard/routes.ts';
import { createSessions } from '../../../src/dashboard/sessions.ts';
import { withStatus } from '../../../src/http/admin-errors.ts';
import { startAdminServer } from '../../../src/http/admin-server.ts';
import { clientAddress, createLogin } from '../../../src/http/login.ts';
import { createLogger } from '../../../src/log/logger.ts';
import { createRedactor } from '../../../src/log/redact.ts';
import type { Run } from '../../../src/runs/run.ts';
import { settableClock } from '../suite/fake-clock.ts';

/** The admin's token of these pages. */
export const PAGES_TOKEN = 'a-token-of-this-test-0123456789-abcdef';

/** An ended run with everything on it, but for what `over` says. */
export function shownRun(over: Partial<Run> = {}): Run {
  const at = Date.UTC(2030, 0, 1, 11, 50);
  return {
    id: '1hg8k2m4p6r8t0vw',
    deliveryId: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    repository: 'octo/hello',
    repositoryId: 1,
    issueNumber: 7,
    profile: 'review/deep',
    state: 'ended',
    outcome: 'failed',
    reason: {
      code: 'agent_failed',
      message: 'The agent ended with exit code 3.',
      hint: 'Read its last lines.',
    },
    attempt: 1,
    queuedAt: at,
    startedAt: at + 4_000,
    endedAt: at + 129_000,
    leaseOwner: null,
    leaseUntil: null,
    cancelReason: null,
    containerId: null,
    deadlineAt: null,
    exitCode: 3,
    finalMessage: null,
    usage: { inputTokens: 1_234_567, cachedInputTokens: 1_000_000, outputTokens: 4_321, reasoningTokens: 99 },
    workspaceKeptUntil: null,
    worker: null,
    host: null,
    launchingAt: null,
    limits: null,
    retries: 0,
    suspicion: 0,
    actor: 'octocat',
    headSha: null,
    actorId: null,
    groupKey: null,
    ...over,
  } as Run;
}

/** The pages on a listener of their own, about one run whose parts a test sets; gone with the test. */
export async function startPages(
  sight: Partial<Omit<RunPageData, 'run'>> & { run?: Partial<Run>; isSecure?: boolean; base?: string } = {},
) {
  const clock = settableClock(Date.UTC(2030, 0, 1, 12));
  const login = createLogin(PAGES_TOKEN, clock);
  const log = createLogger({ level: 'silent', redactor: createRedactor() });
  const run = shownRun(sight.run);
  const done: string[][] = [];
  const asked: number[] = [];
  const actions: DashboardActions = {
    list: async () => [run],
    async find(id) {
      if (id === run.id) return run;
      throw new FlowError({
        code: 'run_unknown',
        blame: 'operator',
        message: `There is no run ${id}.`,
        hint: 'See the list.',
      });
    },
    async look(_run, attempt) {
      asked.push(attempt);
      const plain = { headline: 'The run failed.', event: undefined, timeline: [] };
      return { ...plain, log: { entries: [], isWhole: true }, ...sight, run };
    },
    cancel: async (...what) => void done.push(['cancel', ...what]),
    retry: async (...what) => void done.push(['retry', ...what]),
  };
  const router = Router({ strict: true, caseSensitive: true });
  addDashboardRoutes(router, {
    actions,
    sessions: createSessions(clock),
    checkToken: (request, token) => login.token(token, clientAddress(request)),
    readForm: urlencoded({ extended: false }),
    refusalOf: withStatus,
    links: createGitHubLinks('https://github.example'),
    basePath: () => sight.base ?? '',
    isSecure: (request) => request.secure || sight.isSecure === true,
    log,
    clock,
  });
  const routers = [{ path: '/', router, open: true }];
  const server = await startAdminServer({
    host: '127.0.0.1',
    port: 0,
    login,
    hosts: [],
    routers,
    log,
    clock,
  });
  onTestFinished(server.close);
  return { browser: createBrowser(server.url), url: server.url, clock, run, done, asked };
}

/** What a page answered; `at` is where it leads. */
export type PageAnswer = { status: number; html: string; headers: Headers; at: string | null };

/** Asks as a browser does that keeps one cookie, and follows nothing by itself. */
export function createBrowser(url: string) {
  let cookie = '';
  const send = async (path: string, init: RequestInit = {}): Promise<PageAnswer> => {
    const headers = { ...(cookie ? { cookie } : {}), ...(init.headers as Record<string, string>) };
    const response = await fetch(`${url}${path}`, { ...init, headers, redirect: 'manual' });
    const [given] = response.headers.getSetCookie();
    if (given !== undefined) cookie = given.split(';')[0] ?? '';
    const at = response.headers.get('location');
    return { status: response.status, html: await response.text(), headers: response.headers, at };
  };
  const browser = {
    get: async (path: string, headers: Record<string, string> = {}) => await send(path, { headers }),
    post: async (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
      await send(path, { method: 'POST', body: new URLSearchParams(fields), headers }),
    login: async (token = PAGES_TOKEN, next = '/runs') => await browser.post('/login', { token, next }),
    /** The token in the forms of a page. */
    csrf: async (path = '/runs'): Promise<string> =>
      /name="csrf" value="([^"]+)"/.exec((await browser.get(path)).html)?.[1] ?? '',
    get cookie() {
      return cookie;
    },
    set cookie(value: string) {
      cookie = value;
    },
  };
  return browser;
}
