import type { Problem } from '../../base/errors.ts';
import type { FlowEvent } from '../../events/event.ts';
import { markedWriting } from '../../feedback/marks.ts';
import { isBot, judgeActor, namesAccount } from '../../profiles/allow.ts';
import { renderGroup } from '../../profiles/group-key.ts';
import type { Profile } from '../../profiles/profile.ts';
import { isLocked } from '../admission/thread-state.ts';

/** What an event would lead to, in one line; `conditions` is what was not checked or is not there yet. */
export type DryRunVerdict = {
  kind: 'would_run' | 'would_run_if' | 'would_be_refused';
  text: string;
  conditions: string[];
};

/** A command to runs, which starts none itself; `isAsked` when its runs are known. */
export function commandVerdict(name: string, isAsked: boolean): DryRunVerdict {
  const text = `would carry out /${name}`;
  if (isAsked) return { kind: 'would_run', text, conditions: [] };
  const condition = 'the thread has such runs and the sender may command them';
  return { kind: 'would_run_if', text: `${text} if ${condition}`, conditions: [condition] };
}

/** No run would start, and why. */
export function wouldBeRefused(why: string): DryRunVerdict {
  return { kind: 'would_be_refused', text: `would be refused: ${why}`, conditions: [] };
}

/**
 * What becomes of a profile that matched and that nobody objected to: it runs; it runs if what was not asked is so and
 * what is missing on this host is there; or an error of its plan or prompt refuses it.
 */
export function dryRunVerdict(facts: {
  profile: Profile;
  event: FlowEvent;
  /** Whether GitHub and the stored runs were asked. */
  isAsked: boolean;
  problems: readonly Problem[];
  /** Credentials that the run is granted and that are not ready on this host. */
  missing: readonly Problem[];
}): DryRunVerdict {
  const { profile, event, isAsked, problems, missing } = facts;
  const [problem] = problems;
  if (problem) return wouldBeRefused(problem.message);
  const conditions = [
    ...(isAsked ? [] : unasked(profile, event)),
    ...groupConditions(profile, event),
    ...missing.map(({ code, message }) => `this is fixed: ${message.replace(/\.$/, '')} [${code}]`),
  ];
  if (conditions.length === 0) return { kind: 'would_run', text: 'would run', conditions };
  return { kind: 'would_run_if', text: `would run if ${conditions.join(', and if ')}`, conditions };
}

/** What GitHub and the stored runs would be asked. */
function unasked(profile: Profile, event: FlowEvent): string[] {
  return [
    ...actorConditions(profile, event),
    ...forkConditions(profile, event),
    ...ownConditions(profile, event),
    `no budget of today is spent${event.actor && !isBot(event.actor) ? '' : ' and no loop is stopped'}`,
  ];
}

function actorConditions({ allow }: Profile, event: FlowEvent): string[] {
  const { actor, repository } = event;
  const rule = judgeActor(allow, actor);
  const who = actor?.login ?? '';
  const where = repository?.fullName ?? '';
  const isThreadLocked = isLocked(event) && actor !== undefined && !isBot(actor);
  const locked = isThreadLocked ? [`${who} has write permission on ${where}, for the thread is locked`] : [];
  if (rule === 'allowed' || 'denied' in rule) return locked;
  const isEverybodys = rule.ask === 'read' && repository?.private === false;
  const belongs = isEverybodys ? ' and belongs to it, for everybody may read it' : '';
  const ways = [
    ...(rule.ask ? [`has at least ${rule.ask} permission on ${where}${belongs}`] : []),
    ...(rule.teams ? [`is a member of ${rule.teams.join(' or ')}`] : []),
  ];
  return [`${who} ${ways.join(' or ')}`, ...locked];
}

function ownConditions({ allow }: Profile, event: FlowEvent): string[] {
  const { actor } = event;
  if (markedWriting(event)) return ['the service did not write the comment'];
  if (!actor || namesAccount(isBot(actor) ? [] : allow.actors, actor)) return [];
  return [`${actor.login} is not the service itself`];
}

function forkConditions({ allow }: Profile, { pullRequest, commit, repository }: FlowEvent): string[] {
  if (allow.forks !== false || !repository) return [];
  const { fullName } = repository;
  if (pullRequest)
    return pullRequest.isFork === undefined
      ? [`pull request ${pullRequest.number} comes from ${fullName} itself and no fork`]
      : [];
  return commit === undefined ? [] : [`a branch of ${fullName} has the commit ${commit.slice(0, 12)}`];
}

/** Whether a group is busy is known only when a run starts. */
function groupConditions({ concurrency }: Profile, { attributes }: FlowEvent): string[] {
  if (concurrency?.onBusy !== 'drop') return [];
  const group = renderGroup(concurrency.group, attributes);
  return group === undefined ? [] : [`no other run of the group ${JSON.stringify(group)} is under way`];
}
