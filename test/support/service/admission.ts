import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../../src/base/clock.ts';
import type { Db } from '../../../src/db/open.ts';
import type { Decision } from '../../../src/deliveries/delivery.ts';
import { createDeliveryStore, type DeliveryStore } from '../../../src/deliveries/delivery-store.ts';
import { createMarks } from '../../../src/feedback/marks.ts';
import { createReporter, type Reporter } from '../../../src/feedback/reporter.ts';
import { createAdmission, type SigningApps } from '../../../src/flow/admission/admit.ts';
import type { AdmissionLimits } from '../../../src/flow/admission/limits.ts';
import { type AdmissionDryRun, createAdmissionDryRun } from '../../../src/flow/dry-run/admission.ts';
import { createLookups, type Lookups } from '../../../src/flow/github/lookups.ts';
import { createServiceAccount } from '../../../src/flow/github/service-account.ts';
import { renderReport } from '../../../src/flow/reporting/report-texts.ts';
import { createGitHubClient } from '../../../src/github/client.ts';
import { createProfileSet, type ProfileSet } from '../../../src/profiles/match/match.ts';
import type { Profile } from '../../../src/profiles/profile.ts';
import { expandProfile } from '../../../src/profiles/read/build.ts';
import type { Registry } from '../../../src/profiles/read/registry.ts';
import { createPublicationStore } from '../../../src/runs/outbox/publication-store.ts';
import { createReportStore, type ReportStore } from '../../../src/runs/outbox/report-store.ts';
import type { Run } from '../../../src/runs/run.ts';
import { createOwnAccounts } from '../../../src/runs/store/own-accounts.ts';
import type { AnyPatch } from '../../../src/runs/store/run-rows.ts';
import { createRunStore, type RunStore } from '../../../src/runs/store/run-store.ts';
import { type GitHubApi, startGitHubApi } from '../github/api.ts';
import { profileOf } from '../github/flow-events.ts';
import { settableClock } from '../suite/fake-clock.ts';
import { commentPayload } from './service.ts';

/** Admission and reporter over a real database and the stand-in for GitHub, without a worker. */
export type AdmissionLab = {
  api: GitHubApi;
  clock: Clock & { time: number };
  deliveries: DeliveryStore;
  runs: RunStore;
  reports: ReportStore;
  reporter: Reporter;
  /** What `explain --ask` asks admission for. */
  admission: AdmissionDryRun;
  /** The profiles of the lab. */
  profiles: ProfileSet;
  /** Another reporter on the same rows, as after a crash or in another process. */
  secondReporter(): Reporter;
  /** Delivers a comment on issue 7 of octo/hello and gives what was decided. */
  comment(text: string, over?: Parameters<typeof commentPayload>[1] & { issue?: object }): Promise<Decision>;
  deliver(payload: object, event?: string, signedBy?: string): Promise<Decision>;
  /** Decides a stored delivery once more. */
  decideAgain(id: string): Promise<Decision>;
  /** Remembers a commit as one that a publication of the service pushed. */
  pushed(push: { repositoryId: number; branch: string; commit: string }): Promise<void>;
  /** The newest run. */
  newest(): Promise<Run>;
  /** Takes a run through its life as a worker would. */
  live(
    id: string,
    end: { outcome: 'succeeded' | 'failed'; ms?: number; finalMessage?: string },
  ): Promise<Run>;
  /** Posts every report that is due. */
  post(): Promise<void>;
};

/** The profile that labs have: anybody with write permission, the live comment, no reaction. */
export function labProfile(changes: Partial<Profile> = {}): Profile {
  return {
    ...profileOf('hello', { event: 'issue_comment', action: 'created' }),
    report: { reaction: false, comment: 'always' },
    ...changes,
  };
}

const NO_LIMITS: AdmissionLimits = {
  loop: { runs: 5, minutes: 60 },
  ...{ actor: {}, repository: {}, profile: {} },
  open: { actor: {}, repository: {}, profile: {} },
};

/** A lab of its own for one test. */
export async function openAdmissionLab(
  db: Db,
  options: {
    profiles?: Profile[];
    limits?: Partial<AdmissionLimits>;
    apps?: string[];
    pullHead?: Lookups['pullHead'];
    /** Where the App is installed that signs what `lab.deliver` is given a key for. */
    installedOn?: string[];
  } = {},
): Promise<AdmissionLab> {
  const api = await startGitHubApi();
  onTestFinished(async () => await api.close());
  api.repositories.add('octo/hello');
  api.permissions.set('octocat', { permission: 'write', role_name: 'write' });
  const clock = settableClock(Date.UTC(2030, 0, 1, 12));
  const log = pino({ level: 'silent' });
  // A client of its own for each post, so that none waits for the pace at which one client writes.
  const clientFor = () => createGitHubClient({ apiUrl: api.url, token: async () => 'a-token', log });
  const deliveries = createDeliveryStore(db, clock);
  const runs = createRunStore(db, clock);
  const reports = createReportStore(db, clock);
  const own = createServiceAccount({
    clientFor,
    credentialKey: () => '/secrets/gh-token',
    appLogins: () => options.apps ?? [],
    accounts: createOwnAccounts(db, clock),
    clock,
  });
  const marks = createMarks(db.markKey);
  const reporterOver = (): Reporter =>
    createReporter({
      reports,
      runs,
      marks,
      accountFor: own.accountFor,
      render: renderReport,
      mask: (text) => text.replaceAll('s3cret-value', '[masked]'),
      linkTo: (id) => `https://flows.example/runs/${id}`,
      clock,
      log,
    });
  const reporter = reporterOver();
  const set = createProfileSet((options.profiles ?? [labProfile()]).flatMap(expandProfile));
  const asking = {
    db,
    runs,
    lookups: createLookups(clientFor, {
      isOwn: async () => true,
      pullHead: options.pullHead ?? (async () => undefined),
    }),
    own,
    limits: { ...NO_LIMITS, ...options.limits },
    defaultTimeoutSec: 1800,
    clock,
  };
  const installed: SigningApps['serves'] = async (_key, repository) =>
    (options.installedOn ?? []).includes(repository);
  const admission = createAdmission({
    ...asking,
    deliveries,
    reports,
    marks,
    apps: { serves: installed, isInstalled: installed },
    registry: { current: () => set } as unknown as Registry,
    onReport: () => {},
    crashPoint: () => {},
    log,
  });
  const decideAgain = async (id: string): Promise<Decision> => {
    const delivery = await deliveries.find(id);
    if (!delivery) throw new Error(`no delivery ${id}`);
    return await admission.admit(delivery);
  };
  const lab: AdmissionLab = {
    api,
    clock,
    deliveries,
    runs,
    reports,
    reporter,
    admission: createAdmissionDryRun(asking),
    profiles: set,
    secondReporter: reporterOver,
    async deliver(payload, event = 'issue_comment', signedBy = undefined as string | undefined) {
      const id = crypto.randomUUID();
      const body = Buffer.from(JSON.stringify(payload));
      const known = { action: 'created', repository: 'octo/hello', headers: {}, uniqueBody: true };
      await deliveries.store({ id, event, body, ...known, signedBy: signedBy ?? null });
      return await decideAgain(id);
    },
    async comment(text, over = {}) {
      const payload = commentPayload(text, over) as { issue: object };
      return await lab.deliver({ ...payload, issue: { ...payload.issue, ...over.issue } });
    },
    decideAgain,
    async pushed({ repositoryId, branch, commit }) {
      const plan = { owner: 'octo', repository: 'hello', commit };
      const publication = { runId: '', attempt: 1, repositoryId, plan, decidedAt: clock.now(), tries: 0 };
      await createPublicationStore(db, clock).pushing(publication, branch);
    },
    async newest() {
      const [run] = await runs.list(1);
      if (!run) throw new Error('no run');
      return run;
    },
    async live(id, { outcome, ms = 60_000, finalMessage = null as string | null }) {
      const move = async (to: Run['state'], patch: AnyPatch): Promise<void> => {
        const run = await runs.find(id);
        if (!run || !(await runs.advance(run, to, patch as never, to)))
          throw new Error(`run ${id} did not become ${to}`);
      };
      await move('preparing', {});
      await move('running', { startedAt: clock.now() });
      clock.time += ms;
      await move('reporting', { outcome, reason: null, finalMessage: finalMessage ?? null });
      await move('ended', { endedAt: clock.now() });
      return await lab.newest();
    },
    async post() {
      await reporter.postDue();
    },
  };
  return lab;
}
