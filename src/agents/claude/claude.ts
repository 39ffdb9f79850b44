import type { Agent } from '../agent.ts';

/** Anthropic's Claude Code, so far as its state can be mounted: its output is plain text. https://code.claude.com/docs */
export const claude: Agent = {
  name: 'claude',
  title: 'Claude Code',
  state: { directory: '.claude', login: '.credentials.json' },
  repositoryFiles: ['claude.md', 'claude.local.md', '.claude'],
};
