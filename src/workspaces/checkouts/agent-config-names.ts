/** Names of files and folders that steer agents or make them run something, in lower case; they count in every folder. */
const NAMES: ReadonlySet<string> = new Set([
  'agents.md',
  'agents.override.md',
  'claude.md',
  'claude.local.md',
  'gemini.md',
  '.codex',
  '.claude',
  '.gemini',
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
]);

/** The same below a folder that holds other things too. */
const PAIRS: ReadonlySet<string> = new Set([
  '.github/copilot-instructions.md',
  '.github/instructions',
  '.github/prompts',
  '.github/agents',
  '.vscode/mcp.json',
]);

/** How many leading components of a repository's path make it agent configuration; undefined when it is none. */
export function agentConfigDepth(path: string): number | undefined {
  const parts = path.toLowerCase().split('/');
  const at = parts.findIndex(
    (part, index) => NAMES.has(part) || (index > 0 && PAIRS.has(`${parts[index - 1]}/${part}`)),
  );
  return at === -1 ? undefined : at + 1;
}

/** Whether a symbolic link leads to agent configuration beside it, which is the base's like the link itself. */
export function leadsToNeighbour(target: string): boolean {
  return /^(?:\.\/)?[^/]+$/.test(target) && agentConfigDepth(target.replace(/^\.\//, '')) !== undefined;
}
