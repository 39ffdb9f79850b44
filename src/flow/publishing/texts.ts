import type { FlowError, Problem } from '../../base/errors.ts';
import { publicProblem } from '../../feedback/public-texts.ts';
import type { Logger } from '../../log/logger.ts';
import type { Published, PublishRefusal } from '../../publish/push/publish.ts';
import type { Run } from '../../runs/run.ts';
import type { RunStore } from '../../runs/store/run-store.ts';

/** What notes about a publication take from the rest of the service. */
export type PublishTextsParts = {
  runs: RunStore;
  mask(text: string): string;
  /** Updates the comment about a run on GitHub. */
  updateReport(run: Run): Promise<void>;
  log: Logger;
};

/** Writes into the timeline where an agent's commits are now, and what GitHub did not take besides. */
export async function notePublished(
  parts: PublishTextsParts,
  run: Run,
  { url, text, branch, notes }: Exclude<Published, { refused: unknown }>,
): Promise<void> {
  const data = { url, attempt: run.attempt, ...(branch === null ? {} : { branch }) };
  await noteOnce(parts, run, { kind: 'published', text, data });
  if (notes.length > 0)
    await noteOnce(parts, run, {
      kind: 'publish_note',
      text: parts.mask(notes.join(' ')),
      data: { attempt: run.attempt },
    });
  await parts.updateReport(run);
}

/** Writes into the timeline why nothing was published: every reason, and what to do. What is for the operator alone is not in the text. */
export async function notePublishRefused(
  parts: PublishTextsParts,
  run: Run,
  problems: readonly PublishRefusal[],
  intro = 'Nothing was published',
): Promise<void> {
  const codes = problems.map(({ code }) => code).join(', ');
  const detail = parts.mask(problems.flatMap((problem) => problem.detail || []).join('\n\n'));
  parts.log.warn({ run: run.id, codes, ...(detail === '' ? {} : { detail }) }, 'publication refused');
  const shown = problems.map((problem) => publicProblem(problem, run.id));
  await noteOnce(parts, run, {
    kind: 'publish_refused',
    text: parts.mask(`${intro}: ${problems.map(({ message }) => message).join(' ')}`),
    data: {
      code: problems[0]?.code ?? '',
      codes,
      public: parts.mask(`${intro}: ${shown.map(sentences).join(' ')}`),
      hint: problems.map(({ hint }) => hint).join(' '),
      ...(detail === '' ? {} : { detail }),
      attempt: run.attempt,
    },
  });
  await parts.updateReport(run);
}

/** An error of GitHub's own often passes within a minute; it is not reported before that. */
const PASSING_TRIES = 4;

/**
 * Writes into the timeline that a publication waits, and why; on GitHub it is said when somebody must fix something,
 * or when it takes longer, so that nobody is left asking meanwhile.
 */
export async function noteDelayed(
  parts: PublishTextsParts,
  run: Run,
  { issue, tries }: { issue: FlowError; tries: number },
): Promise<void> {
  const { code, message, hint } = issue.toProblem();
  const isStuck = issue.blame === 'operator' || tries >= PASSING_TRIES;
  const text = parts.mask(`Not published yet, will be retried: ${message}`);
  const kind = isStuck ? 'publish_stuck' : 'publish_delayed';
  const shown = publicProblem({ code, message, hint }, run.id);
  const data = {
    code,
    hint,
    public: parts.mask(`Not published yet, will be retried: ${sentences(shown)}`),
    attempt: run.attempt,
  };
  const isNew = await noteOnce(parts, run, { kind, text, data });
  if (isStuck && isNew) await parts.updateReport(run);
}

/** What happened; what to do about it only where the sentence itself does not say. */
function sentences({ message, hint, code }: Problem): string {
  return `${message} ${hint} (\`${code}\`)`;
}

/** A publication that is made again after a crash has its line already. */
async function noteOnce(
  { runs }: PublishTextsParts,
  run: Run,
  entry: { kind: string; text: string; data: Record<string, unknown> },
): Promise<boolean> {
  const timeline = await runs.timeline(run.id);
  const isThere = timeline.some(({ kind, data }) => kind === entry.kind && data.attempt === run.attempt);
  if (!isThere) await runs.note(run.id, entry);
  return !isThere;
}
