import { FlowError } from '../../../base/errors.ts';
import { runGit } from '../../../workspaces/git.ts';

/** The first git that takes settings from the environment, as the credential helper needs: https://git-scm.com/docs/git-config#Documentation/git-config.txt-GITCONFIGCOUNT */
const OLDEST = [2, 31] as const;

/** The version of the host's git. Throws `git_missing`, `git_too_old`. */
export async function describeGit(): Promise<string> {
  const answer = await runGit(['--version'], { timeoutMs: 5_000 }).catch((error: unknown) => {
    throw gitMissing(error);
  });
  if (answer.exitCode !== 0) throw gitMissing(answer.stderr);
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(answer.stdout) ?? [];
  const isNew = Number(major) > OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) >= OLDEST[1]);
  if (!isNew) throw gitTooOld(answer.stdout.trim());
  return answer.stdout.trim().replace(/^git version /, '');
}

function gitMissing(cause: unknown): FlowError {
  return new FlowError({
    code: 'git_missing',
    blame: 'operator',
    message: 'This machine has no git, which clones repositories.',
    hint: 'Install it: sudo apt-get install -y git',
    cause,
  });
}

function gitTooOld(found: string): FlowError {
  return new FlowError({
    code: 'git_too_old',
    blame: 'operator',
    message: `This machine has ${found}; cloning needs git ${OLDEST.join('.')} or newer.`,
    hint: 'Install a newer git: sudo apt-get install -y git',
  });
}
