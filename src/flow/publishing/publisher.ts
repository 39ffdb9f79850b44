import { backoff } from '../../base/backoff.ts';
import { within } from '../../base/cancel.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import { asFlowError, type FlowError, type Problem } from '../../base/errors.ts';
import { isGoneForGood, isTurnedDown } from '../../github/request-error.ts';
import type { PublishPlan } from '../../publish/push/plan.ts';
import type { Publication, PublicationStore } from '../../runs/outbox/publication-store.ts';
import type { ReportingRun, Run } from '../../runs/run.ts';
import { createKeyedQueue } from './keyed-queue.ts';
import { carryOut, decidePublication, type PublishingParts } from './publish-run.ts';
import { noteDelayed, notePublished, notePublishRefused } from './texts.ts';

/** Attempts before a publication is given up: with the waits below, about a day. */
const MAX_TRIES = 18;
const WAITS_MS = { first: 15_000, most: 3 * 3_600_000 };
const LOOK_EVERY_MS = 5_000;

/** After this time without its host a publication is given up, because nobody else can make it. */
const HOST_PATIENCE_MS = 24 * 3_600_000;

/** Publications under way at once, of different repositories; each takes git and its memory. */
const AT_ONCE = 3;

/** How long a run waits for its publication before it ends; the publication goes on. */
const PATIENCE_MS = 15_000;

/** Publishes what agents committed; what GitHub does not take is retried and never changes how a run ended. */
export type Publisher = {
  /** Decides what is published of a run whose commits were kept, and tries it once. Calling it again goes on; never rejects. */
  publish(run: ReportingRun): Promise<void>;
  /** From now on tries whatever is due. */
  start(): void;
  stop(): Promise<void>;
};

/** What publishing takes from the rest of the service; `host` is whose disk the bundles lie on, undefined while it is not known. */
type PublisherParts = PublishingParts & {
  host(): Promise<string | undefined>;
  publications: PublicationStore<PublishPlan>;
  clock: Clock;
};

/** Publishes oldest first and one at a time of a repository, so that a silent server delays only its own repositories. */
export function createPublisher(parts: PublisherParts): Publisher {
  const stopping = new AbortController();
  const queue = createKeyedQueue(AT_ONCE);
  let timer: Timer | undefined;
  const tryDue = async (runId?: string): Promise<void> => {
    const host = await parts.host();
    if (host === undefined || stopping.signal.aborted) return;
    const due = await parts.publications.due(host, 100, runId);
    await Promise.all(
      due.map(async ({ runId: id, repositoryId }) => {
        await queue.run(String(repositoryId), id, async () => {
          const [publication] = await parts.publications.due(host, 1, id);
          if (publication && !stopping.signal.aborted) await tryOne(parts, publication, stopping.signal);
        });
      }),
    );
  };
  const work = async (runId?: string): Promise<void> => {
    await tryDue(runId).catch((error: unknown) =>
      parts.log.error({ err: error }, 'publications could not be read'),
    );
  };
  return {
    publish: async (run) => {
      const done = decide(parts, run).then(async (isWanted) => (isWanted ? await work(run.id) : undefined));
      await within(parts.clock, PATIENCE_MS, done);
    },
    start() {
      timer = parts.clock.every(LOOK_EVERY_MS, async () => {
        void work();
        await giveUpLost(parts).catch((error: unknown) =>
          parts.log.error({ err: error }, 'publications of lost hosts could not be given up'),
        );
      });
    },
    async stop() {
      timer?.stop();
      stopping.abort();
      await queue.idle();
    },
  };
}

/** Gives up publications of lost hosts: their bundles lie there, so nobody else can publish them. */
async function giveUpLost(parts: PublisherParts): Promise<void> {
  const host = await parts.host();
  if (host === undefined) return;
  const before = parts.clock.now() - HOST_PATIENCE_MS;
  for (const publication of await parts.publications.overdue(host, before, 20)) {
    const run = await runOf(parts, publication);
    if (run) await notePublishRefused(parts, run, [hostGone()]);
    await parts.publications.failed(publication, 'publish_host_gone', null);
  }
}

/** Stores the decision; gives whether there is something to publish. */
async function decide(parts: PublisherParts, run: ReportingRun): Promise<boolean> {
  try {
    const decision = await decidePublication(parts, run);
    if ('refused' in decision) await notePublishRefused(parts, run, decision.refused);
    if (!('plan' in decision)) return false;
    await parts.publications.add(run, decision.plan);
    return true;
  } catch (error) {
    await notePublishRefused(parts, run, [asFlowError(error).toProblem()]);
    return false;
  }
}

async function tryOne(
  parts: PublisherParts,
  publication: Publication<PublishPlan>,
  signal: AbortSignal,
): Promise<void> {
  const run = await runOf(parts, publication);
  if (!run) return;
  try {
    const result = await carryOut(parts, { publication, run, signal });
    if ('refused' in result) {
      await notePublishRefused(parts, run, result.refused);
      await parts.publications.refused(publication, result.refused.map(({ code }) => code).join(', '));
    } else {
      await notePublished(parts, run, result);
      await parts.publications.done(publication, result.url);
    }
  } catch (error) {
    if (!signal.aborted) await delay(parts, { run, publication, error });
  }
}

/** The run as it was at the attempt that is published; a later one may have begun. */
async function runOf(
  parts: PublisherParts,
  { runId, attempt }: Publication<PublishPlan>,
): Promise<Run | undefined> {
  const run = await parts.runs.find(runId);
  return run && { ...run, attempt };
}

async function delay(
  parts: PublisherParts,
  { run, publication, error }: { run: Run; publication: Publication<PublishPlan>; error: unknown },
): Promise<void> {
  const issue = asFlowError(error);
  const tries = publication.tries + 1;
  const final = tries >= MAX_TRIES || isFinalError(issue);
  const wait = backoff(WAITS_MS, publication.tries);
  parts.log.warn({ err: error, run: run.id, tries, final }, 'publication failed');
  if (final) await notePublishRefused(parts, run, [issue.toProblem()], introOf(issue));
  else await noteDelayed(parts, run, { issue, tries });
  const why = parts.mask(`${issue.code}: ${issue.message}`);
  await parts.publications.failed(publication, why, final ? null : parts.clock.now() + wait);
}

/** Of what was tried in vain until it was given up, a branch may have been pushed. */
function introOf(issue: FlowError): string | undefined {
  if (issue.code === 'publish_pull_request_refused') return 'Only the branch was published';
  return isFinalError(issue) ? undefined : 'Publishing was given up';
}

/**
 * Errors that no waiting fixes: the server refused these commits or this pull request, or they are gone. A refused token
 * (401, 403, 404) is noted at once and retried, because the operator can fix it meanwhile; so are limits, conflicts,
 * failing servers and timeouts.
 */
const FINAL: readonly string[] = [
  'push_refused',
  'changes_invalid',
  'changes_too_large',
  'publish_changes_gone',
  'publish_pull_request_refused',
  'github_credential_missing',
  'name_refused',
];

/** Whether a publication that ended in this error is worth no further try. */
function isFinalError(issue: FlowError): boolean {
  return isGoneForGood(issue) || isTurnedDown(issue) || FINAL.includes(issue.code);
}

function hostGone(): Problem {
  return {
    code: 'publish_host_gone',
    message: 'The host that the run worked on has not come back, and what the agent committed lies there.',
    hint: 'Start that host again and take the patch from there, or start the run anew (`github-flows runs retry`).',
  };
}
