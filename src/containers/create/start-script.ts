import { readFileSync } from 'node:fs';
import { shellQuote } from '../../base/text.ts';
import { type Plan, type PlanSsh, PROXY_URL } from '../plan.ts';

/** One file of a run's directory at `/run/github-flows`; `path` is relative to it. */
export type RunFile = { path: string; content: string; mode: number };

/** How much longer than its deadline a handler may live when no service is there to stop it; seconds. */
const LATE_SEC = 60;

/** The name and the mail of commits where nothing else sets them: git reads its system configuration last. */
export type Committer = { name: string; email: string };

/** Where nobody knows whose credential is used: an address that nobody can own. https://www.rfc-editor.org/rfc/rfc2606 */
export const NOBODY: Committer = { name: 'github-flows', email: 'github-flows@noreply.invalid' };

/**
 * What lies in a run's directory besides prompt, event and run: the start script and its settings, our `gh`, git's
 * credential helper and `github-token`, what all three read the token by, git's system configuration, and the login shell's profile (`profile.sh`, mounted at
 * `/etc/profile.d/github-flows.sh`). `serverUrl` is where repositories are cloned from,
 * `gitUserName` what git sends beside the token, `committer` whom it commits as. No file holds a secret.
 */
export function runFiles(
  plan: Plan,
  serverUrl: string,
  gitUserName = 'x-access-token',
  committer = NOBODY,
): RunFile[] {
  const files = [
    { path: 'bin/start', content: script('start'), mode: 0o755 },
    { path: 'bin/gh', content: script('gh'), mode: 0o755 },
    { path: 'bin/git-credential', content: script('git-credential'), mode: 0o755 },
    { path: 'bin/github-token', content: script('github-token'), mode: 0o755 },
    { path: 'token.sh', content: script('token'), mode: 0o644 },
    { path: 'profile.sh', content: script('profile'), mode: 0o644 },
    { path: 'gitconfig', content: gitConfig(plan, serverUrl, committer), mode: 0o644 },
    { path: 'settings', content: settings(plan, serverUrl, gitUserName), mode: 0o644 },
    { path: 'agent-state', content: agentStates(plan), mode: 0o644 },
    { path: 'exports', content: exports(plan), mode: 0o644 },
    { path: 'setup', content: plan.setupScript ?? '', mode: 0o644 },
  ];
  return files.filter((file) => file.content !== '');
}

function script(name: 'start' | 'gh' | 'git-credential' | 'github-token' | 'token' | 'profile'): string {
  return readFileSync(new URL(`./scripts/${name}.sh`, import.meta.url), 'utf8');
}

/** Read by our scripts with `.`, so every value is one quoted word. */
function settings({ limits, workdir, network, ssh }: Plan, serverUrl: string, gitUserName: string): string {
  const server = new URL(serverUrl);
  const values = {
    gf_limit: String(limits.timeoutSec + LATE_SEC),
    gf_grace: String(limits.graceSec),
    gf_workdir: workdir,
    gf_server: `${server.protocol}//${server.host}`,
    gf_host: server.host,
    gf_user: gitUserName,
    gf_ssh: ssh ? '1' : '',
    gf_egress: typeof network === 'object' && 'allow' in network ? new URL(PROXY_URL).port : '',
  };
  return Object.entries(values)
    .map(([name, value]) => `${name}=${shellQuote(value)}\n`)
    .join('');
}

/** One line a state, with spaces between: the name of its copy below `/run/secrets`, the variable that names it to the agent or `-`, where the agent looks for it. */
function agentStates({ mounts }: Plan): string {
  return mounts
    .filter((mount) => mount.kind === 'agent-state')
    .map(({ name, variable, target }) => `${name ?? stateName(target)} ${variable ?? '-'} ${target}\n`)
    .join('');
}

/** One line a variable: the name of a secret's file below `/run/secrets`, a space, the variable. */
function exports({ secrets, hasGitHubToken, tokenEnv }: Plan): string {
  const token = hasGitHubToken && tokenEnv !== undefined ? [`gh-token ${tokenEnv}\n`] : [];
  return [...token, ...secrets.flatMap(({ name, env }) => (env === null ? [] : [`${name} ${env}\n`]))].join(
    '',
  );
}

/** `/home/user/.agent` is the state of `agent`. */
function stateName(target: string): string {
  return target.slice(target.lastIndexOf('/') + 1).replace(/^\./, '');
}

/** The helper is called through `sh`, because the run's directory may lie on a file system that executes nothing. */
function gitConfig(plan: Plan, serverUrl: string, { name, email }: Committer): string {
  const sections = [
    `[safe]\n\tdirectory = /workspace/repo\n`,
    `[user]\n\tname = "${name}"\n\temail = "${email}"\n`,
  ];
  const { protocol, origin } = new URL(serverUrl);
  if (plan.hasGitHubToken && /^https?:$/.test(protocol))
    sections.push(`[credential "${origin}"]\n\thelper = !sh /run/github-flows/bin/git-credential\n`);
  if (plan.ssh) sections.push(`[core]\n\tsshCommand = ${sshCommand(plan.ssh)}\n`);
  return sections.join('');
}

const KEY = '/run/secrets/GIT_SSH_KEY';
const KNOWN_HOSTS = '/run/secrets/GIT_SSH_KNOWN_HOSTS';

/** Where the keys of hosts that were met for the first time are kept while the run lives. */
const NEW_HOSTS = '/tmp/github-flows-known-hosts';

/** The command that git reaches hosts by: this key and no other, no prompt, and only known hosts. */
function sshCommand({ hostKeys, knownHosts }: PlanSsh): string {
  const files = [...(hostKeys === 'accept-new' ? [NEW_HOSTS] : []), ...(knownHosts ? [KNOWN_HOSTS] : [])];
  const options = [
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    'BatchMode=yes',
    `StrictHostKeyChecking=${hostKeys === 'pinned' ? 'yes' : 'accept-new'}`,
    `UserKnownHostsFile=${files.join(' ')}`,
    'GlobalKnownHostsFile=/dev/null',
  ];
  return `ssh -i ${KEY} ${options.map((option) => `-o '${option}'`).join(' ')}`;
}
