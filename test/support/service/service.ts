import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemClock } from '../../../src/base/clock.ts';
import { type App, startApp } from '../../../src/compose/service.ts';
import type { Config } from '../../../src/config/config.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { createEngine } from '../../../src/containers/engine/docker.ts';
import type { Delivery } from '../../../src/deliveries/delivery.ts';
import { holdHelper } from '../../../src/programs/exec.ts';
import type { Run } from '../../../src/runs/run.ts';
import { putNewSqlite } from '../databases/migrated.ts';
import { baseImage } from '../engine/images.ts';
import { makeRepository, type TestRepository } from '../git/repository.ts';
import { signedHeaders, TEST_SECRET } from '../github/signed-request.ts';
import { throwUnhandled } from '../suite/unhandled.ts';

/** A profile that runs a shell command in the base image when anybody comments. */
export function shellProfile(command: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  const { runtime, handler, ...top } = more as Record<string, Record<string, unknown>>;
  return {
    trigger: { repository: 'octo/hello', event: 'issue_comment', action: 'created' },
    allow: { permission: 'any' },
    execution: {
      handler: { type: 'shell', command: ['sh', '-c', command], ...handler },
      runtime: { image: baseImage(), network: 'none', ...runtime },
    },
    report: { reaction: false, comment: 'never' },
    ...top,
  };
}

/** The same profile for comments on these issues alone, so that several share a service. */
export function onIssues(
  issueNumber: number | readonly number[],
  { trigger, ...profile }: Record<string, unknown>,
): Record<string, unknown> {
  return { ...profile, trigger: { ...(trigger as object), issueNumber } };
}

/** What one whole-service test works with; everything lies below `dir`. */
export type TestService = {
  dir: string;
  config: Config;
  repository: TestRepository;
  app: App;
  /** Lines of the service's log, parsed. */
  log: Record<string, unknown>[];
  /** Delivers a payload over HTTP, signed; gives the answer. */
  deliver(
    payload: object,
    options?: { event?: string; id?: string },
  ): Promise<{ status: number; body: Record<string, unknown>; id: string }>;
  /** Delivers a new comment with this text; gives the delivery once it was decided. */
  comment(text?: string, over?: CommentOver): Promise<Delivery>;
  /** Delivers a comment and waits until its run has ended. */
  run(text?: string, over?: CommentOver): Promise<Run>;
  ended(runId: string): Promise<Run>;
  /** What the agent printed, whole. */
  output(runId: string): string;
  stop(drainMs?: number): Promise<void>;
  start(): Promise<void>;
  /** Containers of this installation that are on the engine. */
  containers(): Promise<string[]>;
  /** Stops the service and removes all of it. */
  close(): Promise<void>;
};

/** Waits until `look` gives something other than undefined, looking ever less often; fails after `timeoutMs` with what was waited for. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 60_000,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (let pauseMs = 5; ; pauseMs = Math.min(50, pauseMs * 1.25)) {
    const found = await look();
    if (found !== undefined) return found;
    throwUnhandled();
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms in vain until ${what}`);
    await systemClock.sleep(pauseMs);
  }
}

/** An id that each login has of its own. */
function idOf(login: string): number {
  if (login === 'octocat') return 583231;
  return [...login.toLowerCase()].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 2 ** 31, 7);
}

/** What is different in a comment; `isPullRequest`: its issue is a pull request. */
type CommentOver = {
  login?: string;
  userId?: number;
  type?: string;
  repository?: string;
  association?: string;
  issueNumber?: number;
  isPullRequest?: boolean;
};

/** A comment on issue 7 of octo/hello as GitHub delivers it, new each time. */
export function commentPayload(
  text = 'Please look at this.',
  over: CommentOver = {},
): Record<string, unknown> {
  const fullName = over.repository ?? 'octo/hello';
  const id = Math.floor(Math.random() * 2 ** 40);
  const login = over.login ?? 'octocat';
  const user = { login, id: over.userId ?? idOf(login), type: over.type ?? 'User' };
  const now = new Date().toISOString();
  const number = over.issueNumber ?? 7;
  return {
    action: 'created',
    issue: {
      id: 7000 + number,
      number,
      title: 'Say hello',
      body: 'Please greet the world.',
      state: 'open',
      user,
      labels: [],
      created_at: now,
      ...(over.isPullRequest && { pull_request: { url: `https://api.github.com/pulls/${number}` } }),
    },
    comment: { id, body: text, user, author_association: over.association ?? 'OWNER', created_at: now },
    repository: {
      id: 424242,
      name: fullName.split('/')[1],
      full_name: fullName,
      private: false,
      default_branch: 'main',
      owner: { login: fullName.split('/')[0], id: 1, type: 'User' },
    },
    sender: user,
  };
}

/** What a service is started from: its directories, its settings as an environment, its repository. */
export type Ground = {
  dir: string;
  settings: Record<string, string>;
  repository: TestRepository;
  fullName: string;
};

type GroundOptions = {
  profiles: Record<string, unknown> | ((dir: string) => Record<string, unknown>);
  env?: Record<string, string> | ((dir: string) => Record<string, string>);
  /** Writes what the profiles need before they are read. */
  prepare?: (dir: string) => void;
  /** `owner/name`; octo/hello unless told. */
  repository?: string;
};

/** Makes directories, a repository, the given profiles, and settings with a free port. `env` adds to them. */
export function makeGround(options: GroundOptions): Ground {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'gf-service-')));
  chmodSync(dir, 0o755);
  const fullName = options.repository ?? 'octo/hello';
  const [owner = '', name = ''] = fullName.split('/');
  const profiles = typeof options.profiles === 'function' ? options.profiles(dir) : options.profiles;
  const env = typeof options.env === 'function' ? options.env(dir) : options.env;
  options.prepare?.(dir);
  for (const [path, profile] of Object.entries(profiles)) {
    const file = join(dir, 'profiles', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof profile === 'string' ? profile : JSON.stringify(profile));
  }
  mkdirSync(join(dir, 'secrets'), { recursive: true, mode: 0o700 });
  mkdirSync(join(dir, 'git'), { recursive: true });
  // A process that is started here reads this one, and not that of the checkout.
  if (!existsSync(join(dir, '.env'))) writeFileSync(join(dir, '.env'), '');
  const repository = makeRepository(join(dir, 'git'), owner, name);
  repository.commit({ 'README.md': '# Hello\n' });
  const settings = {
    PATH: process.env.PATH ?? '',
    PORT: '0',
    ADMIN_PORT: '0',
    REDELIVER_MISSED: 'off',
    MIN_FREE_TO_RUN: '1m',
    MIN_FREE_TO_ACCEPT: '1m',
    WEBHOOK_SECRET: TEST_SECRET,
    PROFILES_DIR: join(dir, 'profiles'),
    VAR_DIR: join(dir, 'var'),
    SECRETS_DIR: join(dir, 'secrets'),
    RUN_DIR: join(dir, 'run'),
    GITHUB_SERVER_URL: `file://${dir}/git`,
    GITHUB_API_URL: 'http://127.0.0.1:9',
    LOG_LEVEL: 'debug',
    RUN_MEMORY: '256m',
    RUN_GRACE_SEC: '1',
    // Profiles of tests are open to everybody, and one person starts all of their runs.
    BUDGET_ANY_ACTOR_RUNS: '1000000',
    BUDGET_ANY_REPOSITORY_RUNS: '1000000',
    BUDGET_ANY_PROFILE_RUNS: '1000000',
    ...(process.env.DOCKER_HOST ? { DOCKER_HOST: process.env.DOCKER_HOST } : {}),
    ...env,
  };
  return { dir, settings, repository, fullName };
}

/** Starts a service of its own on its own ground. */
export async function startService(options: GroundOptions): Promise<TestService> {
  const ground = makeGround(options);
  return await startServiceOn(ground).catch((error: unknown) => {
    rmSync(ground.dir, { recursive: true, force: true });
    throw error;
  });
}

/** The attempts of which a run's log directory keeps something, in order. */
function readAttempts(directory: string): number[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .map(Number)
    .sort((a, b) => a - b);
}

/** Delivers a payload to a service over HTTP, signed. */
export async function deliverTo(
  url: string,
  payload: object,
  { event = 'issue_comment', id = crypto.randomUUID() as string } = {},
): Promise<{ status: number; body: Record<string, unknown>; id: string }> {
  const body = JSON.stringify(payload);
  const headers = signedHeaders(body, { 'x-github-event': event, 'x-github-delivery': id });
  const response = await fetch(`${url}/webhooks/github`, { method: 'POST', body, headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown>, id };
}

/** Whether this process holds the helper that starts programs for all services of a file, one after the other. */
let isHelped = false;

/** Starts a service in this process on a ground that is there. */
export async function startServiceOn({ dir, settings, repository, fullName }: Ground): Promise<TestService> {
  if (!isHelped) holdHelper();
  isHelped = true;
  const config = loadConfig(settings, dir);
  if (!config.databaseUrl) await putNewSqlite(join(config.varDir, 'github-flows.db'));
  const log: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void log.push(JSON.parse(line)) };
  const engine = createEngine({ dockerHost: config.dockerHost, clock: systemClock });
  const service: TestService = {
    dir,
    config,
    repository,
    log,
    app: await startApp(config, destination),
    deliver: async (payload, options) => await deliverTo(service.app.url, payload, options),
    async comment(text, over) {
      const { id } = await service.deliver(commentPayload(text, { repository: fullName, ...over }));
      return await until('the delivery was decided', async () => {
        const delivery = await service.app.deliveries.find(id);
        return delivery?.decision ? delivery : undefined;
      });
    },
    async run(text, over) {
      const delivery = await service.comment(text, over);
      const runId = delivery.decision?.runId;
      if (!runId) throw new Error(`no run: ${JSON.stringify(delivery.decision)}`);
      return await service.ended(runId);
    },
    ended: async (runId) =>
      await until(`run ${runId} ended`, async () => {
        const run = await service.app.runs.find(runId);
        return run?.state === 'ended' ? run : undefined;
      }),
    output(runId) {
      const attempts = readAttempts(join(config.varDir, 'log/runs', runId));
      const file = join(config.varDir, 'log/runs', runId, String(attempts.at(-1)), 'output.jsonl');
      if (!existsSync(file)) return '';
      return readFileSync(file, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as { text: string; part?: true })
        .map(({ text, part }) => (part ? text : `${text}\n`))
        .join('');
    },
    stop: async (drainMs = 0) => await service.app.stop(drainMs),
    async start() {
      service.app = await startApp(config, destination);
    },
    async containers() {
      return (await engine.list(service.app.installation)).map(({ id }) => id);
    },
    async close() {
      await service.app.stop(0).catch(() => undefined);
      for (const id of await service.containers().catch(() => [])) await engine.remove(id);
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return service;
}
