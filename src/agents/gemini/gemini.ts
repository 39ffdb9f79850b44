import type { Agent } from '../agent.ts';

/** Google's Gemini CLI, so far as its state can be mounted: its output is plain text. https://geminicli.com/docs */
export const gemini: Agent = {
  name: 'gemini',
  title: 'Gemini CLI',
  state: { directory: '.gemini', login: 'oauth_creds.json' },
  network: {
    list: 'gemini-cli',
    about: 'What the Gemini CLI talks to while it works; its telemetry is left out.',
    hosts: {
      'generativelanguage.googleapis.com': 'The model, with an API key.',
      'cloudcode-pa.googleapis.com': 'The model, with a Google login.',
      'oauth2.googleapis.com': 'The access token of a Google login, which lasts an hour.',
      'www.googleapis.com': 'The account of the Google login; read at the start.',
    },
  },
  repositoryFiles: ['gemini.md', '.gemini'],
};
