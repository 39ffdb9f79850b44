import { hash } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Problem } from '../../base/errors.ts';
import type { FlowEvent } from '../../events/event.ts';
import { publicProblem } from '../../feedback/public-words.ts';
import { refusalMark } from '../../feedback/words.ts';
import { isBot } from '../../profiles/allow.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { NewReport } from '../../runs/outbox/report.ts';
import type { ReportStore } from '../../runs/outbox/report-store.ts';
import { commentTarget, reactionTarget } from '../reporting/report-targets.ts';
import { renderReport } from '../reporting/report-texts.ts';
import { isLocked } from './authorize.ts';
import { permissionReaches } from './permission-levels.ts';

/** What a repository calls those who belong to it: https://docs.github.com/graphql/reference/enums#commentauthorassociation */
const OF_THE_HOUSE = ['OWNER', 'MEMBER', 'COLLABORATOR'];

/**
 * Says on GitHub why an event became no run: one comment a thread and reason to those who belong to the repository, to
 * outside users on a public one no more than a reaction, to bots and on locked threads nothing. `permission` is what GitHub
 * said of the sender, if it was asked; `about` parts reasons that are told once for each word.
 */
export async function tellRefusal(
  reports: ReportStore,
  refusal: {
    event: FlowEvent;
    profile: Profile;
    problem: Problem;
    permission: string | undefined;
    about?: string;
  },
  trx: Kysely<unknown>,
): Promise<void> {
  for (const report of refusalReports(refusal)) await reports.add(report, trx);
}

function refusalReports({
  event,
  profile,
  problem,
  permission,
  about,
}: Parameters<typeof tellRefusal>[1]): NewReport[] {
  const { actor, repository } = event;
  if (!repository || !actor || isBot(actor) || isLocked(event)) return [];
  const stored = withoutPrompt(profile);
  const name = about === undefined ? problem.code : `${problem.code}-${hash('sha256', about).slice(0, 16)}`;
  const reaction = reactionTarget(event);
  const comment = commentTarget(event);
  const isTold = profile.report.comment !== 'never' && !isStranger(event, permission);
  return [
    ...(reaction && profile.report.reaction
      ? [{ ...reacted(event, reaction), content: { reaction: 'confused' as const }, profile: stored }]
      : []),
    ...(comment && isTold
      ? [
          {
            key: `refusal:${repository.id}#${comment.number}:${name}`,
            kind: 'refusal' as const,
            target: comment,
            content: { text: textOf(event, profile, problem), mark: refusalMark(name) },
            profile: stored,
          },
        ]
      : []),
  ];
}

/** A reaction to what a delivery is about; one a delivery. */
export function reacted(
  event: FlowEvent,
  target: NewReport['target'],
): Pick<NewReport, 'key' | 'kind' | 'target'> {
  return { key: `reaction:${event.deliveryId}`, kind: 'reaction', target };
}

function textOf(event: FlowEvent, profile: Profile, problem: Problem): string {
  const { code, message, hint } = publicProblem(problem);
  return renderReport(profile, 'refused', {
    REASON: message,
    HINT: hint,
    CODE: code,
    ACTOR: event.actor?.login ?? '',
    PROFILE: profile.path,
    REPOSITORY: event.repository?.fullName ?? '',
  });
}

/** Somebody on a public repository of whom nothing says that they belong to it. */
function isStranger(event: FlowEvent, permission: string | undefined): boolean {
  if (event.repository?.private !== false) return false;
  if (permission !== undefined && permissionReaches(permission, 'triage')) return false;
  return !OF_THE_HOUSE.includes(associationOfSender(event));
}

/** What the payload says of its sender; of somebody else's text it says nothing about them. */
function associationOfSender({ payload, actor }: FlowEvent): string {
  const writings = [payload.comment, payload.review, payload.issue, payload.pull_request, payload.discussion];
  const own = writings.find((each) => loginOf(each) === actor?.login) as
    | { author_association?: unknown }
    | undefined;
  return String(own?.author_association ?? 'NONE');
}

function loginOf(writing: unknown): unknown {
  const user =
    typeof writing === 'object' && writing !== null && 'user' in writing ? writing.user : undefined;
  return typeof user === 'object' && user !== null && 'login' in user ? user.login : undefined;
}

/** The profile as far as credential and texts need it; a prompt may be long. */
export function withoutPrompt(profile: Profile): Profile {
  const { execution } = profile;
  const handler = { ...execution.handler, prompt: undefined, promptVariables: [] };
  return { ...profile, execution: { ...execution, handler } };
}
