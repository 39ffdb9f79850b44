import type { ModelScript } from '../../../src/cli/commands/demo/model.ts';

/**
 * A script that makes one change and commits it. `edit` gives the shell command that changes files, run in the
 * repository, for the number of the issue that the prompt names (`0` if it names none).
 */
export function commitScript(edit: (issue: string) => string): ModelScript {
  return ({ prompt, outputs }) => {
    const issue = issueNumber(prompt);
    const output = outputs[0];
    if (output === undefined) {
      const commit = `git -c user.name='Scripted model' -c user.email=model@localhost commit -q -m 'Answer issue #${issue}'`;
      return { run: `${edit(issue)} && git add -A && ${commit} && git log -1 --format='committed %h'` };
    }
    const commit = /\bcommitted ([0-9a-f]{7,40})\b/.exec(output)?.[1];
    return {
      say: commit
        ? `Issue #${issue} is answered by commit ${commit}.`
        : `Issue #${issue} could not be answered; the command printed: ${output.trim()}`,
    };
  };
}

function issueNumber(prompt: string): string {
  return (
    /\bissue[\W_]{0,10}(?:number[\W_]{0,10})?(\d{1,15})\b/i.exec(prompt)?.[1] ??
    /#(\d{1,15})\b/.exec(prompt)?.[1] ??
    '0'
  );
}
