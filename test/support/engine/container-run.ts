import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createCancellation } from '../../../src/base/cancel.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { randomId } from '../../../src/base/ids.ts';
import { containerSpec } from '../../../src/containers/create/spec.ts';
import { runFiles } from '../../../src/containers/create/start-script.ts';
import { createEngine } from '../../../src/containers/engine/docker.ts';
import type { NumberedLine } from '../../../src/containers/output/log-sink.ts';
import type { OutputLine } from '../../../src/containers/output/output-line.ts';
import type { ContainerIdentity, Plan, PlanLimits } from '../../../src/containers/plan.ts';
import type { ContainerEnd } from '../../../src/containers/supervise/container-end.ts';
import { type SuperviseOptions, supervise } from '../../../src/containers/supervise/supervise.ts';
import { createRedactor } from '../../../src/log/redact.ts';
import { baseImage } from './images.ts';
import { joinLines, keptLines } from './output-lines.ts';

/** The engine of this machine, as the tests see it. */
export const engine = createEngine({
  dockerHost: process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock',
  clock: systemClock,
});

/** Who containers run as: the test's own user, or 1000:1000 when that is root. */
export const runAs = process.getuid?.() === 0 ? { uid: 1000, gid: 1000 } : ownUser();

function ownUser(): { uid: number; gid: number } {
  return { uid: process.getuid?.() ?? 1000, gid: process.getgid?.() ?? 1000 };
}

/** What a test changes of a plan. */
export type PlanChanges = Partial<Omit<Plan, 'limits'>> & { limits?: Partial<PlanLimits> };

/** A run's directories on the host and its plan; `dispose` removes its containers and directories. */
export type ContainerRun = {
  identity: ContainerIdentity;
  plan: Plan;
  dir: string;
  workspace: string;
  secrets: string;
  log: string;
  /** Creates and starts the container; gives its id. */
  start(): Promise<string>;
  /** Supervises the container, with changes. */
  supervise(id: string, changes?: Partial<SuperviseOptions>): Promise<ContainerEnd>;
  /** Starts, supervises and removes. */
  run(changes?: Partial<SuperviseOptions>): Promise<ContainerEnd>;
  lines(): Promise<OutputLine[]>;
  /** The text of one stream, whole. */
  text(stream: OutputLine['stream']): Promise<string>;
  dispose(): Promise<void>;
};

const SERVER_URL = 'https://github.com';

/** A run whose handler is `bash -c script`, all directories made. */
export function containerRun(
  script: string,
  changes: PlanChanges = {},
  serverUrl = SERVER_URL,
): ContainerRun {
  const identity = { installation: `test${randomId(8)}`, runId: randomId(16), attempt: 1 };
  const dir = mkdtempSync(join(tmpdir(), 'gf-containers-'));
  const places = Object.fromEntries(
    ['workspace', 'files', 'secrets', 'log'].map((name) => [name, makeOwned(join(dir, name))]),
  ) as Record<'workspace' | 'files' | 'secrets' | 'log', string>;
  makeOwned(join(places.workspace, 'repo'));
  makeOwned(join(places.files, 'bin'));
  const plan = testPlan(script, places, changes);
  for (const { path, content, mode } of [...runFiles(plan, serverUrl), prompt])
    writeFileSync(join(places.files, path), content, { mode });

  const start = async (): Promise<string> => {
    if (plan.network === 'open') await engine.ensureNetwork();
    const id = await engine.create(containerSpec(plan, identity, (await engine.info()).cpus));
    await engine.start(id);
    return id;
  };
  const follow = async (id: string, options: Partial<SuperviseOptions> = {}): Promise<ContainerEnd> => {
    const end = await supervise({ ...superviseOptions(plan, id, places.log), ...options });
    if (end === 'left') throw new Error('the container was left');
    return end;
  };
  const lines = async (): Promise<OutputLine[]> => await keptLines(places.log);
  return {
    identity,
    plan,
    dir,
    ...places,
    start,
    supervise: follow,
    async run(options) {
      const id = await start();
      const end = await follow(id, options);
      await engine.remove(id);
      return end;
    },
    lines,
    text: async (stream) => joinLines((await lines()).filter((line) => line.stream === stream)),
    async dispose() {
      for (const { id } of await engine.list(identity.installation)) await engine.remove(id);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

const prompt = { path: 'prompt.md', content: 'the prompt\n', mode: 0o644 };

function makeOwned(path: string): string {
  mkdirSync(path, { mode: 0o755 });
  if (process.getuid?.() === 0) chownSync(path, runAs.uid, runAs.gid);
  return path;
}

/** What supervising takes in a test: no deadline in sight, nothing heard. */
export function superviseOptions(plan: Plan, containerId: string, dir: string): SuperviseOptions {
  return {
    engine,
    containerId,
    dir,
    capBytes: plan.limits.logBytes,
    openMask: () => createRedactor().stream(),
    onLine: (_line: NumberedLine) => {},
    deadlineAt: systemClock.now() + plan.limits.timeoutSec * 1000,
    stallTimeoutSec: plan.limits.stallTimeoutSec,
    graceSec: plan.limits.graceSec,
    cancellation: createCancellation(),
    detach: new AbortController().signal,
    clock: systemClock,
    log: pino({ level: 'silent' }),
  };
}

/** A whole plan with the given directories. */
export function testPlan(
  script: string,
  places: { workspace: string; files: string; secrets: string },
  { limits, ...changes }: PlanChanges = {},
): Plan {
  const ours = { type: 'bind', asWritten: null } as const;
  const shellProfile = join(places.files, 'profile.sh');
  return {
    image: baseImage(),
    command: ['bash', '-c', script],
    setupScript: null,
    workdir: '/workspace/repo',
    user: runAs,
    owner: runAs,
    env: { HOME: '/home/user', LOG_LEVEL: 'info' },
    network: 'none',
    ociRuntime: null,
    readOnlyRoot: false,
    hostname: null,
    labels: {},
    addHosts: [],
    dns: [],
    secrets: [],
    ssh: null,
    hasGitHubToken: true,
    ...changes,
    mounts: [
      { ...ours, kind: 'workspace', source: places.workspace, target: '/workspace', readOnly: false },
      { ...ours, kind: 'run-files', source: places.files, target: '/run/github-flows', readOnly: true },
      { ...ours, kind: 'secrets', source: places.secrets, target: '/run/secrets', readOnly: true },
      {
        ...ours,
        kind: 'shell-profile',
        source: shellProfile,
        target: '/etc/profile.d/github-flows.sh',
        readOnly: true,
      },
      ...(changes.mounts ?? []),
    ],
    limits: {
      memoryBytes: 512 * 1024 ** 2,
      cpus: 2,
      pids: 128,
      shmSizeBytes: 64 * 1024 ** 2,
      timeoutSec: 120,
      stallTimeoutSec: 120,
      graceSec: 2,
      logBytes: 20 * 1024 ** 2,
      diskBytes: 1024 ** 3,
      workspaceBytes: 1024 ** 3,
      ulimits: [],
      ...limits,
    },
  };
}
