import type { Agent } from '../agent.ts';
import { judgeTurn } from '../judge-turn.ts';
import { createCodexReader } from './events.ts';
import { codexSharing } from './state/share.ts';

const NAMES = { name: 'codex', title: 'Codex' } as const;

/** OpenAI's Codex CLI: https://developers.openai.com/codex/cli */
export const codex: Agent = {
  ...NAMES,
  image: 'github-flows-agent-codex:latest',
  events: {
    isCommand: startsWithEvents,
    createReader: createCodexReader,
    judge: (end) => judgeTurn({ ...NAMES, command: 'codex exec --json' }, end),
  },
  state: { directory: '.codex', login: 'auth.json', variable: 'CODEX_HOME', sharing: codexSharing },
  network: {
    list: 'codex',
    about: 'What the Codex CLI talks to while it works.',
    hosts: {
      'api.openai.com': 'The model, with an API key.',
      'chatgpt.com': 'The model, with a ChatGPT login.',
      'auth.openai.com': 'Where Codex checks that a ChatGPT login is valid.',
    },
  },
  repositoryFiles: ['agents.override.md', '.codex'],
};

/** Whether these words start `codex exec --json`: Codex by any path or as a package with its version, `exec` or `e`, and the flag. */
function startsWithEvents(words: readonly string[]): boolean {
  const program = words.findIndex((word) => /(^|\/)codex(@[\w.-]+)?$/.test(word));
  if (program < 0) return false;
  const exec = words.findIndex((word, at) => at > program && (word === 'exec' || word === 'e'));
  if (exec < 0) return false;
  const rest = words.slice(exec + 1);
  const end = rest.indexOf('--');
  return (end < 0 ? rest : rest.slice(0, end)).some((word) => /^--(experimental-)?json$/.test(word));
}
