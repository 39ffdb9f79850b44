import type { Run } from '../runs/run.ts';

/** GitHub takes 65,536 characters in a comment; more is refused. */
const COMMENT_LIMIT = 60_000;

const MARK = '<!-- github-flows:run:';

/** Marks our own comments, so that a repeated report finds the first one, and none starts a run. */
export function commentMark(runId: string): string {
  return `${MARK}${runId} -->`;
}

/** Whether a run, or we about it, wrote the comment that an event is about; a quotation of one does not count. */
export function isOwnComment(event: { payload: Readonly<Record<string, unknown>> }): boolean {
  const comment = event.payload.comment;
  const body =
    typeof comment === 'object' && comment !== null && 'body' in comment ? comment.body : undefined;
  return typeof body === 'string' && body.trimStart().startsWith(MARK);
}

const HEADLINES: Readonly<Record<string, string>> = {
  succeeded: 'The run succeeded.',
  failed: 'The run failed.',
  timed_out: 'The run reached its time limit and was stopped.',
  stalled: 'The run went silent and was stopped.',
  cancelled: 'The run was cancelled.',
  refused: 'The run was refused before it started.',
  lost: 'The run was lost.',
};

/** The comment about a run's end: what happened, the reason with its mend, and the agent's last words as a quotation. */
export function endComment(run: Run): string {
  const parts = [commentMark(run.id), `**${HEADLINES[run.outcome ?? ''] ?? 'The run ended.'}**`];
  if (run.reason)
    parts.push(`${neutral(run.reason.message)}\n\n${neutral(run.reason.mend)} (\`${run.reason.code}\`)`);
  if (run.finalMessage) parts.push(quote(neutral(cut(run.finalMessage))));
  parts.push(`<sub>github-flows run \`${run.id}\`, profile \`${run.profile}\`</sub>`);
  return parts.join('\n\n');
}

/** Text that mentions nobody and starts no command: a zero-width joiner after `@`, and no leading slash. */
function neutral(text: string): string {
  return text
    .replaceAll(/@(?=[\w-])/g, '@\u2060')
    .replaceAll(/^(\s*)\//gm, '$1\u2060/')
    .replaceAll('<!--', '&lt;!--');
}

function quote(text: string): string {
  return text
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n');
}

function cut(text: string): string {
  if (text.length <= COMMENT_LIMIT) return text;
  return `${text.slice(0, COMMENT_LIMIT)}\n\n[cut: ${text.length - COMMENT_LIMIT} more characters are in the run's log]`;
}
