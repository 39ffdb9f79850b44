import { isObject } from '../../base/json.ts';
import type { FlowEvent } from '../../events/event.ts';
import type { ReportTarget } from '../../runs/outbox/report.ts';

/** What a reaction goes to: the comment that started the run, else its issue, pull request or discussion; undefined without any. */
export function reactionTarget(event: FlowEvent): ReportTarget | undefined {
  const target = commentTarget(event);
  if (!target) return undefined;
  const comment = event.payload.comment;
  if (target.discussion) {
    const subject = event.name === 'discussion_comment' ? nodeOf(comment) : target.discussion.id;
    return subject === undefined ? undefined : { ...target, discussion: { ...target.discussion, subject } };
  }
  const id = isObject(comment) && typeof comment.id === 'number' ? comment.id : undefined;
  if (id !== undefined && event.name === 'issue_comment')
    return { ...target, subject: 'issue_comment', subjectId: id };
  if (id !== undefined && event.name === 'pull_request_review_comment')
    return { ...target, subject: 'pull_request_review_comment', subjectId: id };
  return target;
}

/** Where a comment about the run goes: the issue, pull request or discussion the event is about. */
export function commentTarget(event: FlowEvent): ReportTarget | undefined {
  const number = event.attributes.issueNumber;
  const repository = event.repository;
  if (!repository || typeof number !== 'number') return undefined;
  const target = {
    owner: repository.owner,
    repository: repository.name,
    subject: 'issue',
    subjectId: number,
    number,
  } as const;
  if (!isAboutDiscussion(event)) return target;
  const id = nodeOf(event.payload.discussion);
  return id === undefined ? undefined : { ...target, discussion: { id, subject: id } };
}

/** Whether an event belongs to a discussion, whose number is no issue's. */
export function isAboutDiscussion({ name }: Pick<FlowEvent, 'name'>): boolean {
  return name === 'discussion' || name === 'discussion_comment';
}

/** GitHub's global id of an object: https://docs.github.com/graphql/guides/using-global-node-ids */
function nodeOf(value: unknown): string | undefined {
  const node = isObject(value) ? value.node_id : undefined;
  return typeof node === 'string' && /^[\w+/=-]{1,200}$/.test(node) ? node : undefined;
}
