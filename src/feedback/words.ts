import { fitInto, prepareText } from './outgoing.ts';

/** GitHub takes 65,536 characters in a comment and in the summary of a check; more is refused. */
const COMMENT_LIMIT = 65_000;

/** How each of our comments begins; others can write this, and the seal behind it not. */
export const MARK = '<!-- github-flows:';

/** Marks our one comment about a run, so that it is found again, and that it starts no run. */
export function commentMark(runId: string): string {
  return `${MARK}run:${runId} -->`;
}

/** Marks our one comment about a refusal on a thread. */
export function refusalMark(code: string): string {
  return `${MARK}refusal:${code} -->`;
}

/** What a mark names: `run:<id>`, `refusal:<code>`. */
export function markName(mark: string): string {
  return mark.slice(MARK.length).replace(/ -->$/, '');
}

/** The comment or review of an event that begins with one of our marks, which may be anybody's; a quotation of one does not count. */
export function markedWriting(event: {
  payload: Readonly<Record<string, unknown>>;
}): { id: number; body: string } | undefined {
  const { comment, review } = event.payload;
  for (const each of [comment, review]) {
    const { id, body } = (each ?? {}) as { id?: unknown; body?: unknown };
    if (typeof body === 'string' && body.trimStart().startsWith(MARK)) return { id: Number(id), body };
  }
  return undefined;
}

/** A text as it may go to GitHub: masked, neutral, no longer than GitHub takes; behind `mark` when there is one. */
export function finalText(text: string, mask: (text: string) => string, mark?: string): string {
  const body = fitInto(prepareText(text, mask), COMMENT_LIMIT);
  return mark === undefined ? body : `${mark}\n${body}`;
}
