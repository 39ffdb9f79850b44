import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { createDeliveryStore } from '../../../src/deliveries/delivery-store.ts';
import { createMarks } from '../../../src/feedback/marks.ts';
import { runPaths } from '../../../src/flow/paths.ts';
import { createPublisher } from '../../../src/flow/publishing/publisher.ts';
import { createGitHubClient } from '../../../src/github/client.ts';
import { createLogger } from '../../../src/log/logger.ts';
import { createRedactor } from '../../../src/log/redact.ts';
import type { PublishPlan } from '../../../src/publish/push/plan.ts';
import { createPublicationStore } from '../../../src/runs/outbox/publication-store.ts';
import { createRunStore } from '../../../src/runs/store/run-store.ts';
import { createMirrors } from '../../../src/workspaces/mirrors/mirror.ts';
import { createRemotes } from '../../../src/workspaces/remote.ts';
import { openNewSqlite } from '../databases/migrated.ts';
import { openQueue } from '../databases/queue.ts';
import { startGitHubApi } from '../github/api.ts';
import { movedClock } from '../suite/fake-clock.ts';
import { temporaryDirectory } from '../suite/temporary.ts';
import { git, makeRepository } from './repository.ts';
import { startGitServer } from './server.ts';

/** A publisher between a stand-in for GitHub and a real git server, with the kept commits of one run to publish. */
export async function openPublishLab() {
  const dir = await temporaryDirectory();
  const [github, server] = await Promise.all([startGitHubApi(), startGitServer(join(dir, 'git'))]);
  github.repositories.add('o/r1');
  github.git.root = join(dir, 'git');
  server.mood.accepts = () => true;
  const repository = makeRepository(join(dir, 'git'), 'o', 'r1');
  const base = repository.commit({ 'README.md': 'Hello\n' });
  const varDir = join(dir, 'var');
  mkdirSync(join(varDir, 'mirrors'), { recursive: true });
  git(dir, ['clone', '-q', '--mirror', '--no-hardlinks', repository.path, join(varDir, 'mirrors/1.git')]);
  const directories = {
    varDir,
    workspaceRoot: join(dir, 'work'),
    runDir: join(dir, 'run'),
    installation: 'i',
  };
  const clock = movedClock();
  const db = await openNewSqlite(join(dir, 'test.db'));
  const runs = createRunStore(db, clock);
  const publications = createPublicationStore<PublishPlan>(db, clock);
  const log = createLogger({ level: 'silent', redactor: createRedactor() });
  const client = createGitHubClient({ apiUrl: github.url, token: async () => 'a-token', log });
  const credentialEnv = async () => ({
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'http.extraHeader',
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from('x:y').toString('base64')}`,
  });
  const serverUrl = server.url;
  const mask = (text: string): string => text;
  const remoteOf = createRemotes({ serverUrl, credentialEnv, hostEnv: {}, cwd: varDir, stallSec: 1, mask });
  const mirrors = createMirrors({
    dir: join(varDir, 'mirrors'),
    ...{ serverUrl, credentialEnv, clock: systemClock, log, stallSec: 1 },
  });
  const told: string[] = [];
  const publisher = createPublisher({
    runs,
    publications,
    deliveries: createDeliveryStore(db, clock),
    directories,
    clientFor: () => client,
    remoteFor: () => remoteOf({ id: 1, owner: 'o', name: 'r1' }),
    branchesFor: async (_profile, _run, signal) =>
      (await mirrors.branches({ id: 1, owner: 'o', name: 'r1' }, { signal })).branches,
    mask,
    marks: createMarks('a key'),
    whyNotNow: async () => undefined,
    updateReport: async ({ id }) => void told.push(id),
    host: async () => 'here',
    clock,
    log,
  });
  onTestFinished(async () => {
    await publisher.stop();
    await Promise.all([github.close(), server.close(), db.close()]);
  });
  publisher.start();
  /** A run whose agent committed these files, decided to be published. */
  async function kept(files: Record<string, string>, plan: Partial<PublishPlan> = {}): Promise<string> {
    const id = await openQueue(db).add({ repository: 1 });
    repository.git('update-ref', 'refs/work/x', base);
    const commit = repository.commit(files, { ref: 'refs/work/x' });
    return await decided(id, { commit, ...plan });
  }
  async function decided(id: string, plan: Partial<PublishPlan> & { commit: string }): Promise<string> {
    const { log: place } = runPaths(directories, { id, repository: 'o/r1', attempt: 1 });
    mkdirSync(place, { recursive: true });
    repository.git('update-ref', 'refs/heads/bundled', plan.commit);
    repository.git('bundle', 'create', '-q', join(place, 'part'), 'refs/heads/bundled', `^${base}`);
    renameSync(join(place, 'part'), join(place, 'changes.bundle'));
    repository.git('update-ref', '-d', 'refs/heads/bundled');
    const run = { id, attempt: 1, repositoryId: 1, host: 'here' };
    await publications.add(run, { ...PLAN, base, branch: `work/${id}`, ...plan });
    return id;
  }
  return { github, server, repository, base, varDir, clock, db, runs, publications, publisher, told, kept };
}

const PLAN: Omit<PublishPlan, 'base' | 'commit' | 'branch'> = {
  as: 'pull-request',
  owner: 'o',
  repository: 'r1',
  number: 7,
  into: 'main',
  title: 'Title',
  body: 'Body',
  draft: true,
  labels: [],
  reviewers: [],
  teamReviewers: [],
  assignees: [],
  limits: { files: 9, bytes: 1e6, binaryBytes: 1e5, allow: [], deny: [], workflows: false },
};
