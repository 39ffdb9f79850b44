import type { FlowEvent } from '../../events/event.ts';
import { commentMark } from '../../feedback/marks.ts';
import { neutral, neutralTitle } from '../../feedback/neutral.ts';
import { cut, fitInto, prepareText, shorten } from '../../feedback/outgoing.ts';
import type { PublishRule } from '../../profiles/profile.ts';
import type { PUBLISH_NAMES } from '../../profiles/publish.ts';
import { renderPrompt, renderText } from '../../prompts/render.ts';
import type { PublishPlan } from '../../publish/push/plan.ts';
import type { Run } from '../../runs/run.ts';
import { hasClosingWords } from '../../text/closing-words.ts';
import { isAboutDiscussion } from '../reporting/report-targets.ts';
import type { MergeTarget } from './target.ts';

/** GitHub takes 256 characters of a title and 65,536 of a text: https://docs.github.com/rest/pulls/pulls#create-a-pull-request */
const TITLE_LIMIT = 250;
const BODY_LIMIT = 60_000;

/** What an agent's commits were when they were kept; `committer` is whom git in its container commits as, `Name <mail>`. */
type KeptCommits = { base: string; commit: string; committer?: string; changesNothing?: boolean };

/**
 * What is to be published of a run, decided once: names and texts rendered, masked, and mentioning nobody whom the
 * profile does not name. Throws the codes of the prompts room.
 */
export function planPublication(parts: {
  rule: PublishRule;
  event: FlowEvent;
  run: Run;
  kept: KeptCommits;
  target: MergeTarget;
  mask: (text: string) => string;
}): PublishPlan {
  const { rule, event, run, kept, target } = parts;
  const [owner = '', repository = ''] = run.repository.split('/');
  const values = valuesOf(run, event);
  const title = titleOf(rule.title, values, parts.mask) || `Changes of run ${run.id}`;
  const link = linkOf(rule.link, event);
  const footer = `<sub>github-flows run \`${run.id}\`, profile \`${run.profile}\`</sub>`;
  const body = [bodyOf(rule.body, values, parts.mask), link, footer, commentMark(run.id)].filter(
    (text) => text !== '',
  );
  return {
    as: rule.as,
    owner,
    repository,
    number: isAboutDiscussion(event) ? null : run.issueNumber,
    branch: branchOf(rule, run, event),
    ...target,
    base: kept.base,
    commit: kept.commit,
    title,
    body: body.join('\n\n'),
    draft: rule.draft,
    labels: rule.labels,
    reviewers: rule.reviewers,
    teamReviewers: rule.teamReviewers,
    assignees: rule.assignees,
    limits: rule.limits,
    ...(kept.changesNothing && { changesNothing: true }),
    ...(kept.committer === undefined ? {} : { authors: [kept.committer, ...rule.authors] }),
  };
}

/** The branch that a run's commits become, by the profile's template. Throws the codes of the prompts room. */
export function branchOf({ branch }: PublishRule, run: Run, event: FlowEvent): string {
  return renderPrompt({ template: branch, values: valuesOf(run, event) }).trim();
}

function valuesOf(run: Run, event: FlowEvent): Record<(typeof PUBLISH_NAMES)[number], string> {
  const {
    issue,
    pull_request: pull,
    discussion,
  } = event.payload as Record<string, { title?: unknown } | undefined>;
  const title = (issue ?? pull ?? discussion)?.title;
  return {
    run: run.id,
    profile: run.profile,
    repository: run.repository,
    issueNumber: run.issueNumber === null ? '' : String(run.issueNumber),
    issueTitle: typeof title === 'string' ? title : '',
    actorLogin: event.actor?.login ?? '',
    summary: run.finalMessage ?? '',
  };
}

/** https://docs.github.com/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue */
function linkOf(link: PublishRule['link'], event: FlowEvent): string {
  const number = event.attributes.issueNumber;
  if (link === 'none' || typeof number !== 'number') return '';
  return link === 'closes' && !event.pullRequest && !isAboutDiscussion(event)
    ? `Closes #${number}`
    : `Refers to #${number}`;
}

type Values = Readonly<Record<string, string>>;

/** Texts of agents and outside users close no issue; the profile's own template may. */
function bodyOf(template: string, values: Values, mask: (text: string) => string): string {
  const keepClosing = isClosing(template);
  const safe = Object.entries(values).map(([name, text]) => {
    const whole = shorten(prepareText(text, mask), BODY_LIMIT);
    return [name, keepClosing ? neutral(whole) : whole];
  });
  const body = renderText({ template, values: Object.fromEntries(safe) });
  return fitInto(prepareText(body, mask), BODY_LIMIT, { keepClosing });
}

function titleOf(template: string, values: Values, mask: (text: string) => string): string {
  const keepClosing = isClosing(template);
  const safe = Object.entries(values).map(([name, text]) => {
    const line = oneLine(prepareText(text, mask));
    return [name, keepClosing ? neutralTitle(line) : line];
  });
  const title = oneLine(prepareText(renderText({ template, values: Object.fromEntries(safe) }), mask));
  for (let size = TITLE_LIMIT; ; size -= 10) {
    const shown = neutralTitle(
      cut(title, size, () => '…'),
      { keepClosing },
    );
    if (shown.length <= TITLE_LIMIT || size < 20) return shown;
  }
}

/** Whether a profile's own template closes an issue. */
function isClosing(template: string): boolean {
  return hasClosingWords(template.replaceAll(/\{\{[^}]*\}\}/g, '1'));
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
