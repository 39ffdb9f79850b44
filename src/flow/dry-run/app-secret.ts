import { asFlowError, type Problem } from '../../base/errors.ts';
import type { AppSecret } from '../../credentials/github-app/record.ts';
import type { Profile } from '../../profiles/profile.ts';
import { appSecretOf } from '../github/github-credential.ts';

/** How many repositories of one trigger are looked at. */
const MOST_REPOSITORIES = 20;

/** Throws why the App in a secret would give a repository no token; with `ask` GitHub is asked where it is installed. */
export type CheckSecret = (
  secret: AppSecret,
  want: { repository: string | undefined; ask: boolean },
) => Promise<void>;

/**
 * What keeps the App in the secret that a profile names from serving the repositories that its trigger names, each error
 * once; where the trigger names none, from serving any.
 */
export async function appSecretProblems(
  checkSecret: CheckSecret,
  profile: Profile,
  { ask }: { ask: boolean },
): Promise<Problem[]> {
  const { appSecret } = appSecretOf(profile);
  if (!appSecret) return [];
  const problems = new Map<string, Problem>();
  for (const repository of triggerRepositories(profile))
    try {
      await checkSecret(appSecret, { repository, ask });
    } catch (error) {
      const problem = asFlowError(error).toProblem();
      problems.set(problem.message, problem);
    }
  return [...problems.values()];
}

function triggerRepositories({ trigger: { repository } }: Profile): (string | undefined)[] {
  const named = [repository].flat().flatMap((name) => (typeof name === 'string' ? [name] : []));
  return named.length === 0 ? [undefined] : named.slice(0, MOST_REPOSITORIES);
}
