import type { Problem } from '../../base/errors.ts';

/** Why a server did not take a push; `detail` is its whole answer, for the operator alone. */
export type PushRefusal = Problem & { detail: string };

/** How many characters of a server’s answer are kept for the operator, and how many are shown on GitHub. */
const MAX_DETAIL = 16_000;
const MAX_PUBLIC = 3_000;

type Rule = { code: string; pattern: RegExp; message: string; hint: string };

/**
 * How servers report each rule, and the hint for it. GH001 to GH013 are GitHub's own numbers; the texts of rules are
 * those that GitHub shows: https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/available-rules-for-rulesets
 */
const RULES: readonly Rule[] = [
  {
    code: 'push_secret_blocked',
    pattern: /GH009|push protection|push cannot contain secrets|secret-scanning\/unblock-secret/i,
    message: 'push protection found what looks like a secret',
    hint: 'Take the secret for leaked, and have the agent leave it out of every commit. If it is none, open the address in the details of this run (`github-flows runs show`, or the log) to allow it, then start the run again.',
  },
  {
    code: 'push_signature_required',
    pattern:
      /must have (?:verified|valid) signatures|signed commits|commit signature|not signed|GPG signature/i,
    message: 'commits must be signed',
    hint: 'The service does not sign commits: take the rule off the branches that publish.branch names (bypass list, or a pattern that leaves them out), or set publish.as to "patch".',
  },
  {
    code: 'push_message_refused',
    pattern:
      /commit message (?:does not|must|should|cannot|is not)|commit messages? must|commit message pattern/i,
    message: 'a commit message does not follow the rules of the repository',
    hint: 'Tell the agent in its prompt how commit messages must look; the pattern is in the server’s words.',
  },
  {
    code: 'push_author_refused',
    pattern:
      /(?:author|committer)(?:'s)? e-?mail (?:address )?(?:does not|must|is not|pattern)|not a (?:verified|member)|committer .{1,100} is not/i,
    message: 'the author or committer of a commit is not allowed',
    hint: 'Let the rule of the repository take the service’s own address (it is the committer of the kept commits), or take the rule off the branches that publish.branch names.',
  },
  {
    code: 'push_path_refused',
    pattern:
      /file path|path is restricted|restricted (?:file )?path|file extension|extension is restricted|path length/i,
    message: 'a rule keeps a path, its length or a file extension from being pushed',
    hint: 'Ask the agent to leave that path alone, and name it in publish.limits.deny so that it is refused before the push; or change the rule.',
  },
  {
    code: 'push_file_too_large',
    pattern:
      /GH001|large files detected|exceeds .{0,40}file size limit|exceeds (?:the )?maximum (?:allowed )?(?:file )?size|file size (?:exceeds|limit)|larger than .{0,40}maximum/i,
    message: 'a file is too large for the server',
    hint: 'Keep build results out of commits (.gitignore), and lower publish.limits.bytes so that they are refused before the push.',
  },
  {
    code: 'push_lfs_missing',
    pattern: /GH008|unknown git lfs object|lfs objects? (?:are |is )?missing|missing lfs/i,
    message: 'contents of Git LFS are missing on the server',
    hint: 'Change files of Git LFS by hand with git-lfs, which brings their contents to the server, or ask the agent to leave them alone.',
  },
  {
    code: 'push_email_private',
    pattern: /GH007|private e-?mail address/i,
    message: 'the push would show a private address of mail',
    hint: 'Let commits have the service’s own no-reply address; take the private one out of publish.authors, or allow it in its owner’s settings on GitHub (Emails).',
  },
  {
    code: 'push_workflows_refused',
    pattern:
      /refusing to allow .{1,200} to create or update (?:workflow|\.github\/workflows)|without [`'"]?workflows?[`'"]? (?:scope|permission)/i,
    message: 'the credential may not change workflow files',
    hint: 'Give the token the scope "workflow", or the App the permission "Workflows: write", if publish.limits.workflows is meant; else ask the agent to leave .github/workflows alone.',
  },
  {
    code: 'push_branch_in_the_way',
    pattern: /cannot create '|directory file conflict|there are still refs under/i,
    message: 'another branch is in the way of its name',
    hint: 'Set publish.branch in the profile to a name that begins with something else, or delete or rename the branch that is in the way.',
  },
  {
    code: 'push_branch_name_refused',
    pattern:
      /GH002|GH005|branch name (?:does not|must|should|pattern)|creations? (?:being )?restricted|cannot create ref|ref name/i,
    message: 'a rule does not let a branch of this name be made',
    hint: 'Set publish.branch in the profile to a name that the rules of the repository allow.',
  },
  {
    code: 'push_branch_protected',
    pattern:
      /GH003|GH006|protected branch|protected ref|through (?:a pull request|the merge queue)|required status check|cannot force-push|non-fast-forward|linear history|merge commits|denyNonFastForwards/i,
    message: 'the branch is protected',
    hint: 'Let publish.branch name a branch that is not protected, or set publish.as to "pull-request"; or let the service’s account or App by, in the protection of the branch.',
  },
  {
    code: 'push_rule_violated',
    pattern: /GH013|rule violations?|ruleset|repository rule/i,
    message: 'a rule of the repository forbids it',
    hint: 'See the rulesets of the repository (Settings, Rules), and let the service’s account or App by, or the branches that publish.branch names.',
  },
];

/** Rules that count only where no more special one fits. */
const GENERAL = ['push_branch_protected', 'push_rule_violated'];

/** How a server reports an error of its own, which passes: https://docs.github.com/enterprise-server/admin/enforcing-policies/enforcing-policy-with-pre-receive-hooks/troubleshooting-pre-receive-hooks */
const OUTAGE =
  /internal server error|server error\)|fatal error in commit_refs|(?:service|temporarily) unavailable|read-only (?:mode|for maintenance)|no space left on device|execution exceeded .{1,20} timeout/i;

/**
 * Reads a server's answer to a refused branch: one refusal for each rule that it names, the first with its text; or an
 * outage, when it names no rule and reports an error of its own.
 */
export function readRefusals(
  { branch, name }: { branch: string; name: string },
  lines: readonly string[],
): PushRefusal[] | { outage: string } {
  const answer = lines.join('\n');
  const fitting = RULES.filter(({ pattern }) => pattern.test(answer));
  const special = fitting.filter(({ code }) => !GENERAL.includes(code));
  if (fitting.length === 0 && OUTAGE.test(answer)) return { outage: publicText(lines).replace(/\.$/, '') };
  const rules = special.length > 0 ? special : fitting.slice(0, 1);
  const detail = answer.slice(0, MAX_DETAIL);
  const quoted = ` The server answered: ${publicText(lines)}`;
  if (rules.length === 0) return [{ ...unknown(branch, name, quoted), detail }];
  return rules.map(({ code, message, hint }, index) => ({
    code,
    message: `${name} does not take the branch ${branch}: ${message}.${index === 0 ? quoted : ''}`,
    hint,
    detail: index === 0 ? detail : '',
  }));
}

function unknown(branch: string, name: string, quoted: string): Problem {
  return {
    code: 'push_refused',
    message: `${name} does not take the branch ${branch}.${quoted}`,
    hint: 'See the branch protection, rulesets and hooks of the repository, and that the token may write contents.',
  };
}

/** In one line, without rows of dashes, and without the address that lets a secret through. */
function publicText(answer: readonly string[]): string {
  const lines = answer
    .map((line) =>
      line
        .replace(/^[\s-]+|[\s-]+$/g, '')
        .replace(/https?:\/\/\S*unblock-secret\S*/gi, '[for the operator alone]'),
    )
    .filter((line) => line !== '');
  const text = lines.join('; ').replace(/\.$/, '');
  return text.length > MAX_PUBLIC ? `${text.slice(0, MAX_PUBLIC)}… [cut]` : `${text}.`;
}
