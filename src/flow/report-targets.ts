import type { FlowEvent } from '../events/event.ts';
import type { ReportTarget } from '../runs/report.ts';

/** What a reaction goes to: the comment that started the run, else its issue or pull request; undefined without either. */
export function reactionTarget(event: FlowEvent): ReportTarget | undefined {
  const target = commentTarget(event);
  if (!target) return undefined;
  const comment = event.payload.comment;
  const id = isObject(comment) && typeof comment.id === 'number' ? comment.id : undefined;
  if (id !== undefined && event.name === 'issue_comment')
    return { ...target, subject: 'issue_comment', subjectId: id };
  if (id !== undefined && event.name === 'pull_request_review_comment')
    return { ...target, subject: 'pull_request_review_comment', subjectId: id };
  return target;
}

/** Where a comment about the run goes: the issue or pull request the event is about; discussions have no such comments. */
export function commentTarget(event: FlowEvent): ReportTarget | undefined {
  const number = event.attributes.issueNumber;
  const repository = event.repository;
  if (!repository || typeof number !== 'number' || event.name.startsWith('discussion')) return undefined;
  return {
    owner: repository.owner,
    repository: repository.name,
    subject: 'issue',
    subjectId: number,
    number,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
