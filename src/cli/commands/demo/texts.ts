import { resolve } from 'node:path';
import type { Owner } from '../../../base/files.ts';
import type { Outgoing } from '../sample.ts';
import type { DemoModel } from './profile.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');

/** What the demo is. */
export const INTRODUCTION = 'github-flows: from a comment on GitHub to an agent’s commit';

/** A delivery as it goes over the wire, with the comment in it. */
export function deliveryText({ id, event, body }: Outgoing, signature: string): string {
  const { issue, comment } = JSON.parse(body.toString());
  return [
    `${comment.user.login} on issue #${issue.number}, “${issue.title}”: “${comment.body}”`,
    '',
    `POST /webhooks/github        ${body.length} bytes of JSON`,
    `X-GitHub-Event: ${event}`,
    `X-GitHub-Delivery: ${id}`,
    `X-Hub-Signature-256: ${signature.slice(0, 23)}…`,
  ].join('\n');
}

/** What the agent's container may do. */
export function containerText(runAs: Owner, model: DemoModel): string {
  const network = model.kind === 'real' ? 'an open network' : 'no network at all';
  return `Codex runs as ${runAs.uid}:${runAs.gid} in its own container, with ${network}, no capability, read-only
copies of its credentials, and limits on memory, processors, processes and time.`;
}

/** From the demo to the reader's own repository. */
export const REAL_REPOSITORY = `cd ${ROOT}
bin/github-flows codex login                      # once, with your ChatGPT account
install -d -m 700 ~/.secrets                      # then a fine-grained token for the repository:
(umask 077; cat > ~/.secrets/gh-token)            # paste it, Enter, Ctrl-D
cp -r profiles/example profiles/mine              # set your repository in it
echo "WEBHOOK_SECRET=$(openssl rand -hex 32)" >> .env
bin/github-flows doctor --repository owner/name   # lists what is still missing
bin/github-flows serve                            # and point the repository's webhook here

README.md and docs/setup/ubuntu/auth.md describe each step. The same demo with OpenAI's model
and your login: npm run demo -- --real. To keep the service running: npm run demo -- --keep.`;
