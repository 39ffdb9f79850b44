import { fitInto, prepare } from './outgoing.ts';

/** GitHub takes 65,536 characters in a comment and in the summary of a check; more is refused. */
const COMMENT_LIMIT = 65_000;

const MARK = '<!-- github-flows:';

/** Marks our one comment about a run, so that it is found again, and that it starts no run. */
export function commentMark(runId: string): string {
  return `${MARK}run:${runId} -->`;
}

/** Marks our one comment about a refusal on a thread. */
export function refusalMark(code: string): string {
  return `${MARK}refusal:${code} -->`;
}

/** Whether a run, or we about it, wrote the comment that an event is about; a quotation of one does not count. */
export function isOwnComment(event: { payload: Readonly<Record<string, unknown>> }): boolean {
  const { comment, review } = event.payload;
  return [comment, review].some((each) => {
    const body = typeof each === 'object' && each !== null && 'body' in each ? each.body : undefined;
    return typeof body === 'string' && body.trimStart().startsWith(MARK);
  });
}

/** A text as it may go to GitHub: masked, neutral, no longer than GitHub takes; behind `mark` when there is one. */
export function finish(text: string, mask: (text: string) => string, mark?: string): string {
  const body = fitInto(prepare(text, mask), COMMENT_LIMIT);
  return mark === undefined ? body : `${mark}\n${body}`;
}
