import { asFlowError, FlowError } from '../base/errors.ts';
import type { GitHubClient } from '../github/client.ts';
import { listHooks, type RepositoryHook } from '../github/hook-deliveries.ts';
import type { Source } from './redeliver.ts';
import type { Sources } from './redelivery-loop.ts';

/** A repository whose hooks may be looked at with `client`. */
export type HookedRepository = { repository: string; client: GitHubClient };

/** How a hook is known to be ours: by the address it delivers to, or because something came from it. */
type OwnHooks = { publicUrl: string | undefined; heardOf: ReadonlySet<number> };

/** The hooks of repositories that deliver to this service, as far as the credentials may see them. */
export async function hookSources(
  repositories: readonly HookedRepository[],
  own: OwnHooks,
): Promise<Sources> {
  const sources: Source[] = [];
  const problems: { name: string; problem: Sources['problems'][number]['problem'] }[] = [];
  for (const { repository, client } of repositories) {
    const [owner = '', repo = ''] = repository.split('/');
    const name = `the webhooks of ${repository}`;
    try {
      for (const hook of await listHooks(client, { owner, repo }))
        if (isOurs(hook, own))
          sources.push({
            key: `hook:${repository}:${hook.id}`,
            name: `webhook ${hook.id} of ${repository}`,
            client,
            place: { kind: 'repository', owner, repo, hookId: hook.id },
          });
    } catch (error) {
      problems.push({ name, problem: explained(name, asFlowError(error)) });
    }
  }
  return { sources, problems };
}

/** Other people's hooks on the same repository are left alone: asking for theirs again would deliver to them. */
function isOurs({ id, active, url }: RepositoryHook, { publicUrl, heardOf }: OwnHooks): boolean {
  if (!active) return false;
  return heardOf.has(id) || (publicUrl !== undefined && url === `${publicUrl}/webhooks/github`);
}

/** GitHub answers "not found" to whoever may not see the hooks. */
function explained(name: string, issue: FlowError): Sources['problems'][number]['problem'] {
  if (!['github_not_found', 'github_refused', 'github_token_refused'].includes(issue.code))
    return issue.toProblem();
  return new FlowError({
    code: 'hooks_not_readable',
    blame: 'operator',
    message: `The GitHub credential may not see ${name}, so deliveries missed there are not found (${issue.message})`,
    hint: 'Give the token "Webhooks: read and write" (admin:repo_hook for a classic one), use a GitHub App, or set REDELIVER_MISSED=off.',
    cause: issue,
  }).toProblem();
}
