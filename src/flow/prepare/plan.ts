import { type Agent, grantedAgents } from '../../agents/agent.ts';
import { FlowError } from '../../base/errors.ts';
import type { Owner } from '../../base/files.ts';
import { eachLimit, RUN_LIMITS, type RunLimits } from '../../base/run-limits.ts';
import {
  type Plan,
  type PlanLimits,
  type PlanMount,
  type PlanNetwork,
  type PlanSsh,
  PROXY_URL,
} from '../../containers/plan.ts';
import type { CheckedMount, MountHost } from '../../mounts/mount.ts';
import { underCeilings } from '../../policy/evaluate.ts';
import { NO_POLICY, type Policy } from '../../policy/policy.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { Run } from '../../runs/run.ts';
import type { RunStore } from '../../runs/store/run-store.ts';
import { TOKEN_NAME, TOKEN_TARGET } from '../github/github-credential.ts';
import type { RunPaths } from '../paths.ts';
import { grantedSecrets, planSsh, tokenVariable } from './plan-secrets.ts';

/** What a plan takes from the configuration where the profile says nothing. */
export type PlanDefaults = RunLimits & {
  network: PlanNetwork;
  runAs: Owner;
  sshHostKeys: PlanSsh['hostKeys'];
};

const HOME = '/home/user';

/** Everything a launch needs, from what is already checked; touches nothing. Throws `run_user_not_possible` and `ssh_known_hosts_missing`. */
export function makePlan(parts: {
  profile: Profile;
  repository: string;
  runId: string;
  /** The profile's own mounts, checked. */
  mounted: readonly CheckedMount[];
  paths: RunPaths;
  defaults: PlanDefaults;
  secretsDir: string;
  agents: readonly Agent[];
  /** Where processes elsewhere get a fresh token of this run; undefined while the runtime listener is off. */
  runtimeUrl: string | undefined;
  policy: Policy;
}): Plan {
  const { profile, defaults, paths, agents } = parts;
  const { handler, runtime } = profile.execution;
  const network = runtime.network ?? defaults.network;
  const mounts = [...parts.mounted, ...grantedMounts(parts)];
  const hasGitHubToken = mounts.some((mount) => mount.kind === 'credential' && mount.name === TOKEN_NAME);
  const user = runUser(runtime.user, defaults.runAs);
  return {
    image: runtime.image,
    command: [...handler.command, ...handler.args],
    setupScript: runtime.setupScript ?? null,
    workdir: runtime.dockerArgs.workdir ?? (handler.type === 'agent' ? '/workspace/repo' : '/workspace'),
    user,
    owner: user,
    env: {
      HOME,
      ...(hasGitHubToken ? { GH_TOKEN_FILE: TOKEN_TARGET } : {}),
      ...runtime.env,
      ...proxyEnvironment(network),
      GIT_CONFIG_SYSTEM: '/run/github-flows/gitconfig',
      GITHUB_FLOWS_RUN_ID: parts.runId,
      GITHUB_REPOSITORY: parts.repository,
      ...(hasGitHubToken && parts.runtimeUrl !== undefined
        ? { GITHUB_FLOWS_RUNTIME_URL: parts.runtimeUrl }
        : {}),
    },
    network,
    ociRuntime: runtime.ociRuntime ?? null,
    limits: planLimits(profile, defaults, parts.policy),
    mounts: [...ownMounts(paths), ...mounts.map((mount) => planMount(mount, agents))],
    readOnlyRoot: runtime.readOnlyRoot,
    hostname: runtime.dockerArgs.hostname ?? null,
    labels: runtime.dockerArgs.labels,
    addHosts: runtime.dockerArgs.addHosts,
    dns: runtime.dockerArgs.dns,
    hasGitHubToken,
    ...tokenVariable(profile),
    secrets: grantedSecrets(profile),
    ssh: planSsh(profile, defaults.sshHostKeys),
  };
}

/**
 * With a list of hosts all traffic goes through the forwarder on the container's loopback; in both spellings, because
 * programs read either. Node's own `fetch` and `https` read them only when told to:
 * https://nodejs.org/api/cli.html#node_use_env_proxy1
 */
function proxyEnvironment(network: PlanNetwork): Record<string, string> {
  if (typeof network !== 'object' || !('allow' in network)) return {};
  const variables = { HTTPS_PROXY: PROXY_URL, HTTP_PROXY: PROXY_URL, NO_PROXY: 'localhost,127.0.0.1,::1' };
  const lower = Object.entries(variables).map(([name, value]) => [name.toLowerCase(), value]);
  return { ...variables, ...Object.fromEntries(lower), NODE_USE_ENV_PROXY: '1' };
}

/** The limits of a profile's containers; a default above the policy's ceiling is lowered to it. */
function planLimits({ execution: { runtime } }: Profile, defaults: PlanDefaults, policy: Policy): PlanLimits {
  const allowed = underCeilings(defaults, policy.ceilings);
  const own: { [Name in keyof RunLimits]?: number | undefined } = runtime;
  return {
    ...eachLimit(RUN_LIMITS, ({ name }) => own[name] ?? allowed[name]),
    ulimits: runtime.dockerArgs.ulimits,
  };
}

/** The limits that a run was launched with, whatever its configuration is by now; a run that an older version launched has those that a launch would give it today. */
export async function launchedLimits(
  parts: { runs: Pick<RunStore, 'profile'>; defaults: PlanDefaults; mountHost: Pick<MountHost, 'policy'> },
  run: Pick<Run, 'id' | 'limits'>,
): Promise<RunLimits> {
  if (run.limits !== null) return run.limits;
  const policy = parts.mountHost.policy?.() ?? NO_POLICY;
  return planLimits(await parts.runs.profile(run.id), parts.defaults, policy);
}

/** The four mounts of every run. */
function ownMounts(paths: RunPaths): PlanMount[] {
  const ours = { type: 'bind', asWritten: null } as const;
  return [
    { ...ours, kind: 'workspace', source: paths.workspace, target: '/workspace', readOnly: false },
    { ...ours, kind: 'run-files', source: paths.files, target: '/run/github-flows', readOnly: true },
    { ...ours, kind: 'secrets', source: paths.secrets, target: '/run/secrets', readOnly: true },
    {
      ...ours,
      kind: 'shell-profile',
      source: `${paths.files}/profile.sh`,
      target: '/etc/profile.d/github-flows.sh',
      readOnly: true,
    },
  ];
}

function planMount(mount: CheckedMount, agents: readonly Agent[]): PlanMount {
  const { asWritten, target } = mount;
  if (mount.kind === 'tmpfs') {
    const { asWritten: _written, kind: _kind, ...sizes } = mount;
    return { ...sizes, source: null, readOnly: false, kind: 'tmpfs', asWritten };
  }
  if (mount.kind === 'volume')
    return {
      type: 'volume',
      source: mount.volume,
      target,
      readOnly: mount.readOnly,
      kind: 'volume',
      asWritten,
    };
  const { type } = mount;
  if (mount.kind === 'bind')
    return { type, source: mount.realSource, target, readOnly: mount.readOnly, kind: 'bind', asWritten };
  const { source, name } = mount;
  const variable =
    mount.kind === 'agent-state' ? agents.find((agent) => agent.name === name)?.state.variable : undefined;
  return {
    ...{ type, source, target, readOnly: true, kind: mount.kind, asWritten, name },
    ...(variable === undefined ? {} : { variable }),
  };
}

/** The mounts that `credentials` stand for, unless the profile mounts the same itself. */
function grantedMounts({
  profile: { credentials },
  mounted,
  secretsDir,
  agents,
}: {
  profile: Profile;
  mounted: readonly CheckedMount[];
  secretsDir: string;
  agents: readonly Agent[];
}): CheckedMount[] {
  const isMounted = (kind: CheckedMount['kind'], name: string): boolean =>
    mounted.some((mount) => mount.kind === kind && 'name' in mount && mount.name === name);
  const granted: CheckedMount[] = grantedAgents(credentials, agents)
    .filter(({ name }) => !isMounted('agent-state', name))
    .map(({ name, state }) => ({
      ...{ type: 'bind', source: `${secretsDir}/${name}`, target: `${HOME}/${state.directory}` },
      ...{ readOnly: false, asWritten: `credentials.${name}`, kind: 'agent-state', name },
    }));
  if (credentials.github && !isMounted('credential', TOKEN_NAME))
    granted.push({
      ...{ type: 'bind', source: `${secretsDir}/gh-token`, target: TOKEN_TARGET, readOnly: true },
      ...{ asWritten: 'credentials.github', kind: 'credential', name: TOKEN_NAME },
    });
  return granted;
}

function runUser(user: string | undefined, runAs: Owner): Owner {
  if (user === undefined) return runAs;
  const [uid = 0, gid = 0] = user.split(':').map(Number);
  const own = process.getuid?.() ?? 0;
  if (own !== 0 && (uid !== runAs.uid || gid !== runAs.gid)) throw userNotPossible(user, runAs);
  return { uid, gid };
}

function userNotPossible(user: string, runAs: Owner): FlowError {
  return new FlowError({
    code: 'run_user_not_possible',
    blame: 'profile',
    message: `The profile asks for user ${user}, but the service is not root and can only run agents as ${runAs.uid}:${runAs.gid}.`,
    hint: 'Remove runtime.user (or -u) from the profile, or run the service as root.',
  });
}
