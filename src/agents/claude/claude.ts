import type { Agent } from '../agent.ts';

/** Anthropic's Claude Code, so far as its state can be mounted: its output is plain text. https://code.claude.com/docs */
export const claude: Agent = {
  name: 'claude',
  title: 'Claude Code',
  state: { directory: '.claude', login: '.credentials.json' },
  network: {
    list: 'claude-code',
    about: 'What Claude Code talks to while it works; its telemetry is left out.',
    hosts: {
      'api.anthropic.com': 'The model.',
      'claude.ai': 'The login of a Claude account, and the check of addresses before pages are fetched.',
      'platform.claude.com': 'The login of an Anthropic Console account.',
    },
  },
  repositoryFiles: ['claude.md', 'claude.local.md', '.claude'],
};
