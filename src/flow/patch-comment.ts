/** GitHub takes 65,536 characters in a comment. */
const PATCH_LIMIT = 55_000;

/** A comment that shows a patch, folded; its fence is longer than any row of backticks in it. */
export function patchComment(parts: { runId: string; mark: string; title: string; patch: string }): string {
  const { runId, mark, title, patch } = parts;
  const shown = patch.slice(0, PATCH_LIMIT);
  const rows = shown.match(/`+/g) ?? [];
  const fence = '`'.repeat(Math.max(3, ...rows.map((row) => row.length + 1)));
  const cut =
    patch.length > PATCH_LIMIT
      ? `\n\n[cut: ${patch.length - PATCH_LIMIT} more characters are in the patch that is kept with the run]`
      : '';
  return [
    mark,
    `**${title}**`,
    `<details><summary>The patch</summary>\n\n${fence}diff\n${shown}\n${fence}\n</details>${cut}`,
    `<sub>github-flows run \`${runId}\`</sub>`,
  ].join('\n\n');
}
