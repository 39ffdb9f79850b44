import type { Agent } from '../../agents/agent.ts';
import { FlowError } from '../../base/errors.ts';
import { lastLines, runGit } from '../git.ts';
import { mainMirror } from '../mirrors/apart.ts';
import { resolveTarget } from '../mirrors/wanted-commit.ts';

/** One file of agent configuration that a workspace gets as the base has it, and not as the head does. */
export type ConfigChange = {
  path: string;
  /** How many of its leading components make it agent configuration. */
  depth: number;
  /** Whether the head has it, and so the clone's index. */
  inHead: boolean;
  /** What the base has there, links followed; undefined for nothing. */
  base: { mode: string; object: string } | undefined;
};

/** Where the base of a pull request is looked up: its commit where the event names it, else a branch. */
type BaseWanted = { sha: string | undefined; branch: string };

/** A mirror, the base in it, and what agent configuration is. */
type Comparison = {
  mirror: string;
  base: string;
  depthOf: ConfigDepth;
  signal: AbortSignal | undefined;
};

const LINK = '120000';
const SUBMODULE = '160000';

/**
 * Names of files and folders that steer agents or make them run something, in lower case; they count in every folder,
 * and `a/b` counts as `b` directly in a folder `a`. What one agent alone reads stands with that agent.
 */
const SHARED = [
  'agents.md',
  '.agents',
  '.cursor',
  '.opencode',
  '.mcp.json',
  'opencode.json',
  'opencode.jsonc',
  '.cursorrules',
  '.clinerules',
  '.windsurfrules',
  '.aider.conf.yml',
  '.env',
  '.env.local',
  '.envrc',
  '.github/copilot-instructions.md',
  '.github/instructions',
  '.github/prompts',
  '.github/agents',
  '.vscode/mcp.json',
];

/** How many leading components of a repository's path make it agent configuration; undefined when it is none. */
type ConfigDepth = (path: string) => number | undefined;

/** Knows the shared names and those that `agents` add. */
export function configDepth(agents: readonly { repositoryFiles: readonly string[] }[]): ConfigDepth {
  const names = new Set([...SHARED, ...agents.flatMap(({ repositoryFiles }) => repositoryFiles)]);
  return (path) => {
    const parts = path.toLowerCase().split('/');
    const at = parts.findIndex(
      (part, index) => names.has(part) || (index > 0 && names.has(`${parts[index - 1]}/${part}`)),
    );
    return at === -1 ? undefined : at + 1;
  };
}

/**
 * The agent configuration that a pull request's head changed against its base, and links in it that lead to what the
 * head may change; `commit` is the head. Reads the mirror alone, or the store that has the head. Throws `agent_config_base_missing`.
 */
export async function compareAgentConfig(
  mirror: string,
  { commit, wanted, agents }: { commit: string; wanted: BaseWanted; agents: readonly Agent[] },
  signal?: AbortSignal,
): Promise<ConfigChange[]> {
  const base = await findBase(mirror, wanted);
  const comparison = { mirror, base, depthOf: configDepth(agents), signal };
  const [changed, links] = await Promise.all([changedConfig(comparison, commit), configLinks(comparison)]);
  const known = new Set(changed.map(({ path }) => path));
  const unchanged = links.filter(({ path }) => !known.has(path));
  const follow = (change: ConfigChange) => followLink(comparison, change);
  const followed = [
    ...(await Promise.all(changed.map(follow))),
    ...(await Promise.all(unchanged.map(follow))),
  ];
  return followed.filter((change) => known.has(change.path) || change.base?.mode !== LINK);
}

async function findBase(mirror: string, { sha, branch }: BaseWanted): Promise<string> {
  const names = sha === undefined ? [`refs/heads/${branch}`, 'HEAD'] : [sha];
  const place = sha === undefined ? mainMirror(mirror) : mirror;
  const found = await resolveTarget(place, { names, commit: undefined });
  if (!found) throw baseMissing(names[0] ?? branch);
  return found.commit;
}

/** Git looks only into subtrees that differ, so the cost grows with the pull request and not with the repository. */
async function changedConfig(
  { mirror, base, depthOf, signal }: Comparison,
  head: string,
): Promise<ConfigChange[]> {
  const text = await gitText(mirror, ['diff-tree', '-r', '-z', '--raw', '--no-renames', base, head], signal);
  const fields = text.split('\0');
  const found: ConfigChange[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [baseMode = '', headMode = '', object = ''] = (fields[at] ?? '').slice(1).split(' ');
    const path = fields[at + 1] ?? '';
    const depth = depthOf(path);
    if (depth === undefined) continue;
    const inBase = baseMode !== '000000' && baseMode !== SUBMODULE;
    found.push({
      path,
      depth,
      inHead: headMode !== '000000',
      base: inBase ? { mode: baseMode, object } : undefined,
    });
  }
  return found;
}

/** Links among the base’s agent configuration: a link that the head did not change may lead to a file that it changed. */
async function configLinks({ mirror, base, depthOf, signal }: Comparison): Promise<ConfigChange[]> {
  const text = await gitText(mirror, ['ls-tree', '-r', '-z', '--full-tree', base], signal);
  return text.split('\0').flatMap((line) => {
    if (!line.startsWith(LINK)) return [];
    const [, object = '', path = ''] = /^120000 blob ([0-9a-f]+)\t([\s\S]*)$/.exec(line) ?? [];
    const depth = depthOf(path);
    if (depth === undefined) return [];
    return [{ path, depth, inHead: true, base: { mode: LINK, object } }];
  });
}

/** A link becomes what it leads to in the base; one to a neighbour stays a link, and one to nothing stays away. */
async function followLink(
  { mirror, base, depthOf, signal }: Comparison,
  change: ConfigChange,
): Promise<ConfigChange> {
  if (change.base?.mode !== LINK) return change;
  const target = await gitText(mirror, ['cat-file', 'blob', change.base.object], signal);
  if (leadsToNeighbour(target, depthOf)) return change;
  return { ...change, base: await behindLink(mirror, base, change.path, signal) };
}

/** Whether a symbolic link leads to agent configuration beside it, which is the base's like the link itself. */
function leadsToNeighbour(target: string, depthOf: ConfigDepth): boolean {
  return /^(?:\.\/)?[^/]+$/.test(target) && depthOf(target.replace(/^\.\//, '')) !== undefined;
}

async function behindLink(
  mirror: string,
  base: string,
  path: string,
  signal?: AbortSignal,
): Promise<ConfigChange['base']> {
  if (path.includes('\n')) return undefined;
  const args = ['cat-file', '--batch-check=%(objecttype) %(objectname)', '--follow-symlinks'];
  const text = await gitText(mirror, args, signal, `${base}:${path}\n`);
  const [, object] = /^blob ([0-9a-f]{40})$/m.exec(text) ?? [];
  return object === undefined ? undefined : { mode: '100644', object };
}

async function gitText(
  mirror: string,
  args: readonly string[],
  signal?: AbortSignal,
  input?: string,
): Promise<string> {
  const { exitCode, stdout, stderr } = await runGit([`--git-dir=${mirror}`, ...args], {
    ...(signal === undefined ? {} : { signal }),
    ...(input === undefined ? {} : { input }),
  });
  if (exitCode !== 0) throw baseMissing(lastLines(stderr));
  return stdout;
}

function baseMissing(detail: string): FlowError {
  return new FlowError({
    code: 'agent_config_base_missing',
    blame: 'github',
    message: `The agent configuration of the pull request’s base could not be read (${detail}), so the agent was not started with what the pull request says.`,
    hint: 'Start the run again by a new event; set "checkout": {"agentConfig": "head"} only where every author of a pull request is trusted.',
  });
}
