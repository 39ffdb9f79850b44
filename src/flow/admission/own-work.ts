import { isObject } from '../../base/json.ts';
import { NOBODY } from '../../containers/create/start-script.ts';
import type { Db } from '../../db/open.ts';
import type { FlowEvent } from '../../events/event.ts';
import { isPushedByRun } from '../../runs/store/start-store.ts';
import type { ServiceAccount } from '../github/service-account.ts';
import { type StartedBy, threadNumber } from './limits.ts';

/** Events whose payload has the newest commit with its committer. */
const HEADS = ['push', 'check_suite', 'workflow_run'];

/**
 * How the start by an event is counted. Without a thread, what a run pushed counts as the service's own work whatever
 * account pushed it, because an agent may have tokens that the service does not know.
 */
export async function startedBy(
  parts: { db: Db; own: Pick<ServiceAccount, 'isKnownOwn'> },
  event: FlowEvent,
  asActor: StartedBy,
): Promise<StartedBy> {
  const { repository, commit, attributes } = event;
  if (asActor.isOwn || threadNumber(event) !== null || repository === undefined) return asActor;
  const branch = typeof attributes.branch === 'string' ? attributes.branch : undefined;
  const isPushed = await isPushedByRun(parts.db.kysely, { repositoryId: repository.id, branch, commit });
  const isOwn = isPushed || (await isCommittedByRun(parts.own, event));
  return isOwn ? { byBot: true, isOwn } : asActor;
}

/** Whether the newest commit was made under the name that commits in containers have. */
async function isCommittedByRun(
  own: Pick<ServiceAccount, 'isKnownOwn'>,
  { name, payload }: FlowEvent,
): Promise<boolean> {
  if (!HEADS.includes(name)) return false;
  const of = name === 'push' ? payload : field(payload, name);
  const email = field(field(field(of, 'head_commit'), 'committer'), 'email');
  if (typeof email !== 'string') return false;
  if (email === NOBODY.email) return true;
  const [, id, login = ''] = /^(\d{1,15})\+([^@]+)@users\.noreply\./.exec(email) ?? [];
  return id !== undefined && (await own.isKnownOwn(login, Number(id)));
}

function field(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}
