import { hash } from 'node:crypto';
import type { Problem } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import type { Decision } from '../../deliveries/delivery.ts';
import type { FlowEvent } from '../../events/event.ts';
import { refusalMark } from '../../feedback/marks.ts';
import { publicProblem } from '../../feedback/public-texts.ts';
import { isBot } from '../../profiles/allow.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { NewReport } from '../../runs/outbox/report.ts';
import { commentTarget, reactionTarget } from '../reporting/report-targets.ts';
import { renderReport } from '../reporting/report-texts.ts';
import { permissionReaches } from './authorize.ts';
import type { NoRunReason } from './prefilter.ts';
import { isLocked } from './thread-state.ts';

/** What is written about a delivery: the decision, and the reports that go with it. */
export type Resolution = { decision: Decision; reports: NewReport[] };

/**
 * Why an event becomes no run. `permission` is what GitHub said of the sender, if it was asked; with `about`, a reason is
 * reported once for each of its values instead of once.
 */
type EventRefusal = {
  profile: Profile;
  problem: Problem;
  permission: string | undefined;
  about?: string;
};

/** What a repository calls those who belong to it: https://docs.github.com/graphql/reference/enums#commentauthorassociation */
const MEMBERS = ['OWNER', 'MEMBER', 'COLLABORATOR'];

/** No run, and nothing is reported. */
export function ignore(why: NoRunReason | Problem, profile: string | null = null): Resolution {
  const { reason, message } =
    'code' in why ? { reason: why.code, message: `${why.message} ${why.hint}` } : why;
  return { decision: { reason, message, profile, runId: null }, reports: [] };
}

/** A command was carried out: a thumb, where the profile of its run wants reactions. */
export function acknowledge(event: FlowEvent, why: NoRunReason, profile: Profile): Resolution {
  const reports = reactionReports(event, profile, '+1');
  return { ...ignore(why, profile.path), reports };
}

/**
 * No run because of a problem, which is reported: by one comment a thread and reason to those who belong to the
 * repository, to outside users on a public one by no more than a reaction, to bots and on locked threads by nothing.
 */
export function refuseEvent(event: FlowEvent, refusal: EventRefusal): Resolution {
  const { profile, problem } = refusal;
  const { actor, repository } = event;
  const isSilent = !repository || !actor || isBot(actor) || isLocked(event);
  const reports = isSilent
    ? []
    : [...reactionReports(event, profile, 'confused'), ...commentReports(event, repository.id, refusal)];
  return { ...ignore(problem, profile.path), reports };
}

/** A reaction to what a delivery is about; one a delivery. */
function reactionReports(event: FlowEvent, profile: Profile, reaction: '+1' | 'confused'): NewReport[] {
  const target = profile.report.reaction ? reactionTarget(event) : undefined;
  if (!target) return [];
  const key = `reaction:${event.deliveryId}`;
  const stored = withoutPrompt(profile);
  return [{ key, kind: 'reaction', runId: null, profile: stored, content: { reaction }, target }];
}

function commentReports(
  event: FlowEvent,
  repositoryId: number,
  { profile, problem, permission, about }: EventRefusal,
): NewReport[] {
  const target = commentTarget(event);
  if (!target || profile.report.comment === 'never' || isOutsideUser(event, permission)) return [];
  const name = about === undefined ? problem.code : `${problem.code}-${hash('sha256', about).slice(0, 16)}`;
  return [
    {
      key: `refusal:${repositoryId}#${target.number}:${name}`,
      kind: 'refusal',
      runId: null,
      target,
      content: { text: textOf(event, profile, problem), mark: refusalMark(name) },
      profile: withoutPrompt(profile),
    },
  ];
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

/** Whether nothing shows that the sender belongs to the public repository. */
function isOutsideUser(event: FlowEvent, permission: string | undefined): boolean {
  if (event.repository?.private !== false) return false;
  if (permission !== undefined && permissionReaches(permission, 'triage')) return false;
  return !MEMBERS.includes(associationOfSender(event));
}

/** The association of the sender, which the payload gives with texts of the sender only. */
function associationOfSender({ payload, actor }: FlowEvent): string {
  const writings = [payload.comment, payload.review, payload.issue, payload.pull_request, payload.discussion];
  const own = writings.find((each) => loginOf(each) === actor?.login) as
    | { author_association?: unknown }
    | undefined;
  return String(own?.author_association ?? 'NONE');
}

function loginOf(writing: unknown): unknown {
  const user = isObject(writing) ? writing.user : undefined;
  return isObject(user) ? user.login : undefined;
}

/** The profile as far as credential and texts need it; a prompt may be long. */
function withoutPrompt(profile: Profile): Profile {
  const { execution } = profile;
  const handler = { ...execution.handler, prompt: undefined, promptVariables: [] };
  return { ...profile, execution: { ...execution, handler } };
}
