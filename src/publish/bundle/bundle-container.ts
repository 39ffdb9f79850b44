import type { ContainerCreateOptions } from 'dockerode';
import type { Owner } from '../../base/files.ts';
import { HARDENED_CONTAINER, HARDENED_HOST } from '../../containers/hardening.ts';
import { containerLabels } from '../../containers/labels.ts';
import { CHANGE_LIMITS } from '../confined-git.ts';

/** The image whose git reads what an agent left: never the agent's own image. */
const BUNDLE_IMAGE = 'github-flows-base:latest';

/** What the container's process ends with when there is no commit beyond the base. */
export const NO_COMMITS = 40;

/** Whose workspace becomes a bundle, and of which branch beyond which commit. */
export type BundleRequest = {
  installation: string;
  runId: string;
  /** Mounted read-only; nothing else is. */
  workspace: string;
  /** Whose files they are. */
  owner: Owner;
  base: string;
  /** The run's branch, short; where it has not moved, what HEAD stands for is taken. */
  branch: string;
  /** What the bundle need not hold besides the base: commits of the repository's branches. The clone need not have them. */
  known?: readonly string[];
  /** The mail that the agent commits with: what the agent itself has pushed to a branch already is taken all the same. */
  committer?: string;
};

/** The most known commits on a container's command line, the first ones; a command line has a limit. */
const MAX_KNOWN = 20_000;
const IDS_PER_ARGUMENT = 2_000;

/**
 * $1 is the base, $2 the branch, $committer the agent's mail, the rest are words of known commits. Programs that the
 * repository's configuration names run here, where there is nothing else. Git runs in an empty directory, so that it
 * takes no file of the agent for a revision. The agent can call anything a branch of origin; what is left out for that
 * is noticed as missing when the bundle is checked.
 */
const SCRIPT = String.raw`
cd /tmp || exit 41
g() { timeout "$seconds" git --git-dir=/workspace/repo/.git -c core.fsmonitor=false -c core.hooksPath=/dev/null -c pack.threads=1 -c pack.windowMemory=128m -c core.bigFileThreshold=16m "$@"; }
base=$1
branch=$2
shift 2
if [ $# = 0 ]; then set -- "$base"; fi
ref=HEAD
seconds=${CHANGE_LIMITS.lookSec}
own=$(g rev-parse --quiet --verify "refs/heads/$branch^{commit}")
if [ $? = 124 ]; then exit 41; fi
if [ -n "$own" ] && [ "$own" != "$base" ]; then ref=refs/heads/$branch; fi
{ printf '%s\n' "$@" | tr ' ' '\n'; g for-each-ref --format='%(objectname)' refs/remotes/origin; } | g cat-file --buffer --batch-check='%(objectname) %(objecttype)' | sed -n 's/^\([0-9a-f]*\) commit$/^\1/p' >known || exit 41
count=$(g rev-list --count --max-count=1 "$ref" "^$base" --) || exit 41
if [ "$count" = 0 ]; then exit ${NO_COMMITS}; fi
count=$(g rev-list --count --max-count=1 --stdin "$ref" "^$base" <known) || exit 41
if [ "$count" = 0 ]; then
  g cat-file commit "$ref" | sed -n 's/^committer .*<\([^<>]*\)>[^<>]*$/\1/p;/^$/q' | grep -qxF -e "$committer" || exit ${NO_COMMITS}
  printf '^%s\n' "$base" >known
fi
seconds=${CHANGE_LIMITS.containerMs / 1000}
g bundle create --quiet --version=2 - "$ref" --stdin <known
`;

/** The sealed container that writes a bundle to its standard output. Pure. */
export function bundleSpec(request: BundleRequest): ContainerCreateOptions {
  return sealedSpec(request, { name: 'changes', script: SCRIPT, tmpBytes: 16 * 1024 ** 2 });
}

/** A container that reads a workspace with git and prints what it finds: one read-only mount, no network, no credential. Pure. */
export function sealedSpec(
  request: BundleRequest,
  { name, script, tmpBytes }: { name: string; script: string; tmpBytes: number },
): ContainerCreateOptions {
  const { uid, gid } = request.owner;
  const seconds = String(Math.ceil(CHANGE_LIMITS.containerMs / 1000) + 10);
  return {
    ...HARDENED_CONTAINER,
    name: `gf-${request.installation}-${request.runId}-${name}`,
    Image: BUNDLE_IMAGE,
    Entrypoint: ['timeout', '-k', '1', seconds, '/bin/sh', '-c', script, name],
    Cmd: [request.base, request.branch, ...knownArguments(request)],
    User: `${uid}:${gid}`,
    WorkingDir: '/tmp',
    Env: [
      'HOME=/tmp',
      'LC_ALL=C',
      'GIT_CONFIG_NOSYSTEM=1',
      'GIT_CONFIG_GLOBAL=/dev/null',
      'GIT_NO_REPLACE_OBJECTS=1',
      'GIT_NO_LAZY_FETCH=1',
      'GIT_GRAFT_FILE=/dev/null',
      'GIT_OPTIONAL_LOCKS=0',
      'GIT_TERMINAL_PROMPT=0',
      `committer=${request.committer ?? ''}`,
    ],
    // No attempt has the number 0, so that nobody takes it for the agent's container.
    Labels: containerLabels({ installation: request.installation, runId: request.runId, attempt: 0 }),
    HostConfig: {
      ...HARDENED_HOST,
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      Memory: CHANGE_LIMITS.containerMemoryBytes,
      MemorySwap: CHANGE_LIMITS.containerMemoryBytes,
      NanoCpus: 1e9,
      PidsLimit: 64,
      ShmSize: 1024 * 1024,
      Tmpfs: { '/tmp': `rw,nosuid,nodev,noexec,size=${tmpBytes},mode=1777` },
      LogConfig: { Type: 'none', Config: {} },
      Mounts: [
        {
          Type: 'bind',
          Source: request.workspace,
          Target: '/workspace',
          ReadOnly: true,
          BindOptions: { Propagation: 'rprivate', NonRecursive: true } as { Propagation: 'rprivate' },
        },
      ],
    },
  };
}

/** The base comes first: a clone may lack newer commits of branches and those beyond its depth, but clone and mirror have the base. */
function knownArguments({ base, known }: BundleRequest): string[] {
  const ids = known === undefined ? [] : [...new Set([base, ...known])].slice(0, MAX_KNOWN);
  const count = Math.ceil(ids.length / IDS_PER_ARGUMENT);
  return Array.from({ length: count }, (_, index) =>
    ids.slice(index * IDS_PER_ARGUMENT, (index + 1) * IDS_PER_ARGUMENT).join(' '),
  );
}
