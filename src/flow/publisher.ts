import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Timer } from '../base/clock.ts';
import { asFlowError, type Problem } from '../base/errors.ts';
import type { DeliveryStore } from '../deliveries/delivery-store.ts';
import { readEvent } from '../events/from-delivery.ts';
import type { GitHubClient } from '../github/client.ts';
import type { Logger } from '../log/logger.ts';
import type { Profile } from '../profiles/profile.ts';
import { type Published, publish } from '../publish/publish.ts';
import type { Publication, PublicationStore } from '../runs/publication-store.ts';
import type { Run } from '../runs/run.ts';
import type { RunStore } from '../runs/run-store.ts';
import type { Remote } from '../workspaces/remote.ts';
import { patchComment } from './patch-comment.ts';
import { type Directories, runPlaces } from './places.ts';
import { planPublication } from './publication.ts';

/** Tried this often before it is given up: with the waits below, for about a day. */
const MAX_ATTEMPTS = 12;
const FIRST_WAIT_MS = 15_000;
const LONGEST_WAIT_MS = 3 * 3_600_000;
const LOOK_EVERY_MS = 5_000;
const PUBLISH_TIMEOUT_MS = 5 * 60_000;

/** Faults that do not pass by waiting: the server said no to these commits. */
const FINAL = ['push_refused', 'changes_invalid', 'changes_too_large', 'github_credential_missing'];

/** Publishes what agents committed; what GitHub does not take is tried again and never changes how a run ended. */
export type Publisher = {
  /** Decides what is published of a run whose commits were kept, and tries it once. Calling it again goes on. */
  publish(run: Run): Promise<void>;
  /** From now on tries whatever is due. */
  start(): void;
  stop(): Promise<void>;
};

/** What publishing takes from the rest of the service; `host` is whose disk the bundles lie on. */
export type PublisherParts = {
  host: string;
  publications: PublicationStore;
  runs: RunStore;
  deliveries: DeliveryStore;
  directories: Directories;
  clientFor(profile: Profile, repository: string): Promise<GitHubClient>;
  remoteFor(profile: Profile, run: Run): Promise<Remote>;
  mask(text: string): string;
  neutral(text: string): string;
  mark(runId: string): string;
  /** Has what is said about a run said anew. */
  retell(runId: string): Promise<void>;
  clock: Clock;
  log: Logger;
};

/** One publication at a time is worked on, oldest first. */
export function createPublisher(parts: PublisherParts): Publisher {
  const stopping = new AbortController();
  let timer: Timer | undefined;
  let working: Promise<void> = Promise.resolve();
  const work = (runId?: string): Promise<void> => {
    working = working.then(async () => {
      for (const publication of await parts.publications.due(parts.host, 20, runId))
        if (!stopping.signal.aborted) await attempt(parts, publication, stopping.signal);
    });
    working = working.catch((error: unknown) =>
      parts.log.error({ err: error }, 'publications could not be read'),
    );
    return working;
  };
  return {
    async publish(run) {
      if (await plan(parts, run)) await work(run.id);
    },
    start() {
      timer = parts.clock.every(LOOK_EVERY_MS, work);
    },
    async stop() {
      timer?.stop();
      stopping.abort();
      await working;
    },
  };
}

/** Whether there is something to publish; the decision is stored. */
async function plan(parts: PublisherParts, run: Run): Promise<boolean> {
  const profile = JSON.parse(await parts.runs.profileJson(run.id)) as Profile;
  const rule = profile.publish;
  if (!rule || run.outcome !== 'succeeded') return false;
  const timeline = await parts.runs.timeline(run.id);
  const kept = timeline.find(({ kind }) => kind === 'changes_kept')?.data;
  if (!kept) {
    const text = 'Nothing was published: the agent committed nothing.';
    if (!timeline.some(({ kind }) => kind === 'changes_not_kept' || kind === 'publish_nothing'))
      await parts.runs.note(run.id, { kind: 'publish_nothing', text });
    return false;
  }
  const leaked = timeline.find(
    ({ kind, data }) => ['secret_found', 'search_cut'].includes(kind) && data.inChanges === true,
  );
  if (leaked) {
    await refuse(parts, run.id, [secretInside(leaked.kind)]);
    return false;
  }
  const event = await eventOf(parts, run);
  const publication = planPublication({
    ...parts,
    profile,
    rule,
    event,
    run,
    kept: { base: String(kept.base), commit: String(kept.commit) },
  });
  await parts.publications.add(run.id, parts.host, publication);
  return true;
}

async function eventOf(parts: PublisherParts, run: Run): Promise<ReturnType<typeof readEvent>> {
  const delivery = await parts.deliveries.find(run.deliveryId);
  const body = (await parts.deliveries.body(run.deliveryId)) ?? Buffer.alloc(0);
  return readEvent({ deliveryId: run.deliveryId, event: delivery?.event ?? '', body });
}

async function attempt(parts: PublisherParts, publication: Publication, signal: AbortSignal): Promise<void> {
  const { runId } = publication;
  try {
    const run = await parts.runs.find(runId);
    if (run) await settle(parts, runId, await carryOut(parts, { publication, run, signal }));
  } catch (error) {
    if (!signal.aborted) await postpone(parts, publication, error);
  }
}

async function carryOut(
  parts: PublisherParts,
  { publication, run, signal }: { publication: Publication; run: Run; signal: AbortSignal },
): Promise<Published> {
  const { publications, directories } = parts;
  const { plan: wanted } = publication;
  const profile = JSON.parse(await parts.runs.profileJson(run.id)) as Profile;
  const { log } = runPlaces(directories, run);
  const mark = parts.mark(`${run.id}:patch`);
  const patch = wanted.as === 'patch' ? parts.mask(await readFile(join(log, 'changes.patch'), 'utf8')) : '';
  return await publish(
    {
      client: await parts.clientFor(profile, run.repository),
      remote: await parts.remoteFor(profile, run),
      pushedTo: async (branch) => await publications.pushedTo(wanted.owner, wanted.repository, branch),
      pushing: async (branch) => await publications.pushing(run.id, branch),
    },
    {
      plan: wanted,
      places: {
        bundle: join(log, 'changes.bundle'),
        mirror: join(directories.varDir, 'mirrors', `${run.repositoryId}.git`),
        dir: join(directories.varDir, 'quarantine', `${run.id}-publish`),
      },
      comment: { mark, body: patchComment({ runId: run.id, mark, title: wanted.title, patch }) },
      signal: AbortSignal.any([signal, AbortSignal.timeout(PUBLISH_TIMEOUT_MS)]),
    },
  );
}

async function settle(parts: PublisherParts, runId: string, result: Published): Promise<void> {
  if ('refused' in result) {
    await parts.publications.refused(runId, result.refused.map(({ code }) => code).join(', '));
    await refuse(parts, runId, result.refused);
    return;
  }
  const { url, text, branch, notes } = result;
  await parts.runs.note(runId, {
    kind: 'published',
    text,
    data: { url, ...(branch === null ? {} : { branch }) },
  });
  for (const note of notes) await parts.runs.note(runId, { kind: 'publish_note', text: parts.mask(note) });
  await parts.publications.done(runId, url);
  await parts.retell(runId);
}

/** The first reason names the fault; all are told, once. */
async function refuse(parts: PublisherParts, runId: string, problems: readonly Problem[]): Promise<void> {
  const known = await parts.runs.timeline(runId);
  if (known.some(({ kind }) => kind === 'publish_refused')) return;
  const text = parts.mask(`Nothing was published: ${problems.map(({ message }) => message).join(' ')}`);
  const mend = problems.map((problem) => problem.mend).join(' ');
  const codes = problems.map(({ code }) => code).join(', ');
  parts.log.warn({ run: runId, codes }, 'a publication was refused');
  await parts.runs.note(runId, {
    kind: 'publish_refused',
    text,
    data: { code: problems[0]?.code ?? '', codes, mend },
  });
  await parts.retell(runId);
}

async function postpone(
  parts: PublisherParts,
  { runId, attempts }: Publication,
  error: unknown,
): Promise<void> {
  const fault = asFlowError(error);
  const final = attempts + 1 >= MAX_ATTEMPTS || FINAL.includes(fault.code);
  const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempts);
  const why = parts.mask(`${fault.code}: ${fault.message}`);
  parts.log.warn(
    { err: error, run: runId, attempts: attempts + 1, final },
    'a publication did not go through',
  );
  if (final) await refuse(parts, runId, [fault.toProblem()]);
  else if (attempts === 0)
    await parts.runs.note(runId, {
      kind: 'publish_delayed',
      text: parts.mask(`Not published yet, and tried again: ${fault.message}`),
      data: { code: fault.code, mend: fault.mend },
    });
  await parts.publications.failed(runId, why, final ? null : parts.clock.now() + wait);
}

function secretInside(kind: string): Problem {
  const found = kind === 'secret_found';
  return {
    code: 'publish_secret_found',
    message: found
      ? 'A value that the run was handed is in what the agent committed.'
      : 'What the agent committed could not be searched whole for the values that the run was handed.',
    mend: 'Look at the patch that is kept with the run (`github-flows runs show`); take a credential that is in it for leaked, and replace it.',
  };
}
