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
export type ConfigDepth = (path: string) => number | undefined;

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
