import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Agent, AgentReader, AgentTurn } from '../../../src/agents/agent.ts';
import { FlowError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';

/** What the program says when its model wants nothing to do with the prompt: with exit code 0, as some agents do. */
export const NO_THANKS = 'no-thanks';

/**
 * The smallest agent that the contract allows, as unlike Codex as it can be: a shell script whose events are words, not
 * JSON, which refuses with exit code 0 and says by 7 that it has done all that it was asked.
 */
export const tiny: Agent = {
  name: 'tiny',
  title: 'Tiny',
  events: {
    isCommand: (words) => words.some((word) => basename(word) === 'tiny') && words.includes('--events'),
    createReader: createTinyReader,
    judge({ turn, exitCode, endedBy }) {
      if (endedBy !== 'exit') return { kind: 'as-ended', note: null };
      if (turn.failure === NO_THANKS) return { kind: 'failed', issue: refused() };
      return exitCode === 7
        ? { kind: 'succeeded', note: 'Seven is good.' }
        : { kind: 'as-ended', note: null };
    },
  },
  state: {
    directory: '.tiny',
    login: 'token.json',
    variable: 'TINY_HOME',
    sharing: {
      async share(dir) {
        const login = await readFile(join(dir, 'token.json'));
        const { content, withheld } = withoutRefresh(login);
        return { files: [{ path: 'token.json', content, executable: false }], withheld };
      },
      shareFile: withoutRefresh,
      inspect: async (dir) => ({ isAbsent: false, summary: `${dir}: a tiny login`, problems: [] }),
    },
  },
  network: { list: 'tiny', about: 'What Tiny talks to.', hosts: { 'tiny.example.org': 'Its model.' } },
  repositoryFiles: ['tiny.md', '.config/tiny'],
};

/** The program; its prompt is one line. */
export const TINY_PROGRAM = `#!/bin/bash
read -r prompt
echo 'session 1'
echo "text I was asked: $prompt"
echo "text I know: $(cat "$TINY_HOME/token.json")"
case $prompt in *please*) echo 'end'; exit 7 ;; *) echo 'failure ${NO_THANKS}' ;; esac
`;

/** A login: the token, and the one that renews it. */
export const TINY_LOGIN = JSON.stringify({
  access_token: 'access-of-tiny-1234567890',
  refresh_token: 'refresh-of-tiny-1234567890',
});

function createTinyReader(mask: (text: string) => string): AgentReader {
  let turn: AgentTurn = { state: 'none', failure: '' };
  let finalMessage: string | null = null;
  return {
    read(line) {
      const [, word, rest = ''] = /^(session|text|failure|end)(?: (.*))?$/.exec(line) ?? [];
      if (word === undefined) return [];
      const text = mask(rest);
      if (word === 'session') turn = { state: 'open', failure: '' };
      if (word === 'text') finalMessage = text;
      if (word === 'failure') turn = { state: 'failed', failure: text };
      if (word === 'end') turn = { state: 'completed', failure: '' };
      return [{ kind: word as 'session' | 'text' | 'failure' | 'end', text, data: {} }];
    },
    turn: () => turn,
    result: () => ({ finalMessage, usage: null }),
  };
}

function withoutRefresh(login: Buffer): { content: Buffer; withheld: readonly Secret[] } {
  const { refresh_token, ...rest } = JSON.parse(login.toString());
  return { content: Buffer.from(JSON.stringify(rest)), withheld: [new Secret(refresh_token)] };
}

function refused(): FlowError {
  return new FlowError({
    code: 'tiny_refused',
    blame: 'agent',
    message: 'Tiny said no.',
    hint: 'Say please.',
  });
}
