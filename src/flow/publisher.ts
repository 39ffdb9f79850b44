import type { Clock, Timer } from '../base/clock.ts';
import { asFlowError } from '../base/errors.ts';
import type { Publication, PublicationStore } from '../runs/publication-store.ts';
import type { Run } from '../runs/run.ts';
import { carryOut, decidePublication, type PublishingParts } from './publish-run.ts';
import { notePublished, noteRefused } from './publish-words.ts';

/** Tried this often before it is given up: with the waits below, for about a day. */
const MAX_TRIES = 12;
const FIRST_WAIT_MS = 15_000;
const LONGEST_WAIT_MS = 3 * 3_600_000;
const LOOK_EVERY_MS = 5_000;

/** How long a run waits for its publication before it ends; the publication goes on. */
const PATIENCE_MS = 15_000;

/** Faults that do not pass by waiting: the server said no to these commits. */
const FINAL = ['push_refused', 'changes_invalid', 'changes_too_large', 'github_credential_missing'];

/** Publishes what agents committed; what GitHub does not take is tried again and never changes how a run ended. */
export type Publisher = {
  /** Decides what is published of a run whose commits were kept, and tries it once. Calling it again goes on; never rejects. */
  publish(run: Run): Promise<void>;
  /** From now on tries whatever is due. */
  start(): void;
  stop(): Promise<void>;
};

/** What publishing takes from the rest of the service; `host` is whose disk the bundles lie on, undefined while it is not known. */
export type PublisherParts = PublishingParts & {
  host(): Promise<string | undefined>;
  publications: PublicationStore;
  clock: Clock;
};

/** One publication at a time is worked on, oldest first. */
export function createPublisher(parts: PublisherParts): Publisher {
  const stopping = new AbortController();
  let timer: Timer | undefined;
  let working: Promise<void> = Promise.resolve();
  const tryDue = async (runId?: string): Promise<void> => {
    const host = await parts.host();
    if (host === undefined) return;
    for (const publication of await parts.publications.due(host, 20, runId))
      if (!stopping.signal.aborted) await tryOne(parts, publication, stopping.signal);
  };
  const work = (runId?: string): Promise<void> => {
    working = working
      .then(async () => await tryDue(runId))
      .catch((error: unknown) => parts.log.error({ err: error }, 'publications could not be read'));
    return working;
  };
  return {
    publish: async (run) => {
      const done = decide(parts, run).then(async (isWanted) => (isWanted ? await work(run.id) : undefined));
      const late = new AbortController();
      await Promise.race([
        done.finally(() => late.abort()),
        parts.clock.sleep(PATIENCE_MS, late.signal).catch(() => undefined),
      ]);
    },
    start() {
      timer = parts.clock.every(LOOK_EVERY_MS, async () => await work());
    },
    async stop() {
      timer?.stop();
      stopping.abort();
      await working;
    },
  };
}

/** Whether there is something to publish; the decision is stored. */
async function decide(parts: PublisherParts, run: Run): Promise<boolean> {
  try {
    const decision = await decidePublication(parts, run);
    if ('refused' in decision) await noteRefused(parts, run, decision.refused);
    if (!('plan' in decision)) return false;
    await parts.publications.add({ ...run, host: run.host ?? '' }, decision.plan);
    return true;
  } catch (error) {
    await noteRefused(parts, run, [asFlowError(error).toProblem()]);
    return false;
  }
}

async function tryOne(parts: PublisherParts, publication: Publication, signal: AbortSignal): Promise<void> {
  const run = await parts.runs.find(publication.runId);
  if (!run) return;
  try {
    const result = await carryOut(parts, { publication, run, signal });
    if ('refused' in result) {
      await noteRefused(parts, run, result.refused);
      await parts.publications.refused(run.id, result.refused.map(({ code }) => code).join(', '));
    } else {
      await notePublished(parts, run, result);
      await parts.publications.done(run.id, result.url);
    }
  } catch (error) {
    if (!signal.aborted) await postpone(parts, { run, publication, error });
  }
}

async function postpone(
  parts: PublisherParts,
  { run, publication, error }: { run: Run; publication: Publication; error: unknown },
): Promise<void> {
  const fault = asFlowError(error);
  const tries = publication.tries + 1;
  const final = tries >= MAX_TRIES || FINAL.includes(fault.code);
  const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** publication.tries);
  parts.log.warn({ err: error, run: run.id, tries, final }, 'a publication did not go through');
  if (final) await noteRefused(parts, run, [fault.toProblem()]);
  else if (tries === 1)
    await parts.runs.note(run.id, {
      kind: 'publish_delayed',
      text: parts.mask(`Not published yet, and tried again: ${fault.message}`),
      data: { code: fault.code, mend: fault.mend, attempt: run.attempt },
    });
  const why = parts.mask(`${fault.code}: ${fault.message}`);
  await parts.publications.failed(run.id, why, final ? null : parts.clock.now() + wait);
}
