import type { Agent } from '../agent.ts';

/** Google's Gemini CLI, so far as its state can be mounted: its output is plain text. https://geminicli.com/docs */
export const gemini: Agent = {
  name: 'gemini',
  title: 'Gemini CLI',
  state: { directory: '.gemini', login: 'oauth_creds.json' },
  repositoryFiles: ['gemini.md', '.gemini'],
};
