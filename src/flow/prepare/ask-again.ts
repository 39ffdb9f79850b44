import { asFlowError, FlowError, type Problem } from '../../base/errors.ts';
import type { DeliveryStore } from '../../deliveries/delivery-store.ts';
import type { FlowEvent } from '../../events/event.ts';
import { isCommentKind } from '../../github/threads.ts';
import { isBot, isNamedByLogin, isSameLogin } from '../../profiles/allow.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { Run } from '../../runs/run.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import { askActor } from '../admission/authorize.ts';
import {
  commentIdOf,
  heardOf,
  type RecheckPoint,
  rightLost,
  type ThreadNow,
  threadChange,
  withLock,
} from '../admission/world-change.ts';
import { readDelivered } from '../delivered.ts';
import type { Lookups } from '../github/lookups.ts';
import type { ServiceAccount } from '../github/service-account.ts';
import { isAboutDiscussion } from '../reporting/report-targets.ts';

/** What asking again takes from the rest of the service. */
export type AskAgainParts = {
  lookups: Lookups;
  own: ServiceAccount;
  runs: Pick<RunStore, 'timeline' | 'note'>;
};

/** One admitted run and what it was admitted by. */
type Asked = { run: Run; profile: Profile; event: FlowEvent };

/**
 * Asks GitHub again, just before an attempt starts and before anything is published, what admission asked: whether the
 * actor may, and besides whether the thread and the comment are as they were. Gives why not. Throws `world_unknown`
 * when GitHub does not say who may, which passes; a thread that cannot be looked at stops no start.
 */
export async function askAgain(
  parts: AskAgainParts,
  asked: Asked,
  moment: RecheckPoint,
): Promise<Problem | undefined> {
  const { run, profile } = asked;
  const event = { ...asked.event, actor: await actorNow(parts, asked) };
  const now = await lookAtThread(parts, { run, profile, event }, moment);
  const change = threadChange({ event, repositoryId: run.repositoryId }, now, moment);
  if (change) return change;
  const isLocked = typeof now.thread === 'object' && now.thread.isLocked;
  const judgement = await askActor(
    parts,
    profile,
    typeof now.thread === 'object' ? withLock(event, isLocked) : event,
  );
  if (!('denied' in judgement)) return undefined;
  const { denied } = judgement;
  if (/^(?:permission|team|fork)_unknown$/.test(denied.code)) throw worldUnknown(denied);
  return rightLost(actorOf(asked)?.login ?? '', denied);
}

/** The same before a publication, of a run whose event is read where it is stored. */
export async function askBeforePublishing(
  parts: AskAgainParts & { deliveries: Pick<DeliveryStore, 'find' | 'body'> },
  run: Run,
  profile: Profile,
): Promise<Problem | undefined> {
  const { event } = await readDelivered(parts.deliveries, run.deliveryId);
  return await askAgain(parts, { run, profile, event }, 'publish');
}

/** Who had the run started last: the sender of its event, or whoever asked for it again since. */
function actorOf({ run, event }: Asked): FlowEvent['actor'] {
  if (run.actor === null || (event.actor && isSameLogin(event.actor.login, run.actor))) return event.actor;
  return { login: run.actor, id: run.actorId ?? undefined, type: undefined };
}

/** The same account under the login that it has now, where a profile names it by nothing else: that login may be another one's by now. No answer changes nothing. */
async function actorNow({ lookups }: AskAgainParts, asked: Asked): Promise<FlowEvent['actor']> {
  const { run, profile } = asked;
  const { actors, bots } = profile.allow;
  const actor = actorOf(asked);
  if (actor?.id === undefined || !isNamedByLogin(isBot(actor) ? bots : actors, actor)) return actor;
  const login = await lookups.loginOf(profile, run.repository, actor.id).catch(() => undefined);
  return login === undefined ? actor : { ...actor, login };
}

async function lookAtThread(
  parts: AskAgainParts,
  { run, profile, event }: Asked,
  moment: RecheckPoint,
): Promise<ThreadNow> {
  const heard = heardOf(await parts.runs.timeline(run.id), event);
  const number = event.attributes.issueNumber;
  const id = commentIdOf(event);
  const kind = event.name;
  // A comment on a commit is in no thread, and is shown to whoever is shown the repository.
  const isAlone = kind === 'commit_comment';
  if (!isAlone && (typeof number !== 'number' || isAboutDiscussion(event)))
    return { thread: 'hidden', ...heard };
  try {
    const thread =
      isAlone || typeof number !== 'number'
        ? 'hidden'
        : await parts.lookups.thread(profile, run.repository, {
            number,
            isPull: event.pullRequest !== undefined,
          });
    const isShown = isAlone || typeof thread === 'object';
    if (moment !== 'start' || id === undefined || !isCommentKind(kind) || !isShown)
      return { thread, ...heard };
    const isThere = await parts.lookups.isCommentThere(profile, run.repository, { kind, id });
    return { thread, ...heard, isCommentGone: heard.isCommentGone || !isThere };
  } catch (error) {
    if (moment === 'publish') throw worldUnknown(asFlowError(error));
    const { code, message, hint } = asFlowError(error).toProblem();
    const text = `GitHub did not say how the thread stands before the start: ${message}`;
    await parts.runs.note(run.id, { kind: 'thread_unknown', text, data: { code, hint } });
    return { thread: 'hidden', ...heard };
  }
}

/** Why a run is not what GitHub would allow any more, as an error that ends it. */
export function notWanted({ code, message, hint }: Problem): FlowError {
  return new FlowError({ code, message, hint, blame: 'sender' });
}

function worldUnknown({ message, hint }: Problem): FlowError {
  return new FlowError({
    code: 'world_unknown',
    blame: 'github',
    message: `GitHub was asked again and gave no answer. ${message}`,
    hint,
  });
}
