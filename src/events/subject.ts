import { isObject } from '../base/json.ts';
import type { EventName, EventPullRequest, PayloadOf } from './event.ts';
import type { Fields } from './fields.ts';

/** The thread an event belongs to. */
const THREADS = ['issue', 'pull_request', 'discussion'] as const;

/** Events whose `comment` or `review` is what somebody wrote; elsewhere these keys may be anything (`deployment_review` has a text). */
const WRITINGS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    commit_comment: 'comment',
    discussion_comment: 'comment',
    issue_comment: 'comment',
    pull_request_review_comment: 'comment',
    pull_request_review: 'review',
  } satisfies Keys<
    | 'commit_comment'
    | 'discussion_comment'
    | 'issue_comment'
    | 'pull_request_review_comment'
    | 'pull_request_review'
  >),
);

/** A key of the payload for each event, as GitHub's own types have it. */
type Keys<Names extends EventName> = { [Name in Names]: keyof PayloadOf<Name> };

/** The payload's key of the issue, pull request or discussion that an event belongs to. */
export function threadKey(fields: Fields): (typeof THREADS)[number] | undefined {
  return threadPath((key) => fields.object(key) !== undefined);
}

/** The payload's key of what was written: the comment or review if the event is one, else the thread. */
export function subjectKey(event: string, fields: Fields): string | undefined {
  return subjectPath(event, (key) => fields.object(key) !== undefined);
}

/** The same of any payload that has these keys. */
export function threadPath(has: (key: string) => boolean): (typeof THREADS)[number] | undefined {
  return THREADS.find(has);
}

/** The same of any payload that has these keys. */
export function subjectPath(event: string, has: (key: string) => boolean): string | undefined {
  const writing = WRITINGS.get(event);
  return writing !== undefined && has(writing) ? writing : threadPath(has);
}

/** Whether an event is about a pull request; comments on one come as comments on an issue that says so. */
export function isAboutPullRequest(fields: Fields): boolean {
  return (fields.object('pull_request') ?? fields.object('issue.pull_request')) !== undefined;
}

/** The pull request an event is about, also when it only comments on one. */
export function readPullRequest(fields: Fields): EventPullRequest | undefined {
  if (!isAboutPullRequest(fields)) return undefined;
  const number = fields.number('pull_request.number') ?? fields.number('issue.number');
  if (number === undefined) return undefined;
  return {
    number,
    headSha: fields.commit('pull_request.head.sha'),
    headRef: fields.nullableText('pull_request.head.ref'),
    headRepositoryId: fields.number('pull_request.head.repo.id'),
    isFork: readIsFork(fields),
    baseSha: fields.commit('pull_request.base.sha'),
    baseRef: fields.nullableText('pull_request.base.ref'),
  };
}

/** Where a pull request and a workflow run keep the repository that their commit comes from. */
const HEADS = [
  { of: 'pull_request.head', key: 'repo' },
  { of: 'workflow_run', key: 'head_repository' },
] as const;

/**
 * Whether a pull request, or the commit that a workflow ran on, comes from another repository: by GitHub's numbers,
 * because names can be made alike and change. A head whose repository is gone counts as a fork's. Undefined when the
 * payload does not carry the heads.
 */
export function readIsFork(fields: Fields): boolean | undefined {
  const head = HEADS.find(({ of, key }) => Object.hasOwn(fields.object(of) ?? {}, key));
  return head && fields.number(`${head.of}.${head.key}.id`) !== fields.number('repository.id');
}

/** Names of the labels that the issue, pull request or discussion carries. */
export function readLabels(fields: Fields): string[] {
  const thread = threadKey(fields);
  if (thread === undefined) return [];
  return (fields.list(`${thread}.labels`) ?? []).flatMap((label, index) => {
    if (label === null) return [];
    const path = `${thread}.labels.${index}`;
    if (!isObject(label)) throw fields.wrong(path, label, 'an object');
    if (typeof label.name !== 'string') throw fields.wrong(`${path}.name`, label.name ?? null, 'a text');
    return [label.name];
  });
}
