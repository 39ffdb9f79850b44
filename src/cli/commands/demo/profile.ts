import { MODEL_SOCKET } from './model.ts';
import type { DemoPaths } from './paths.ts';

/** The demo's repository, the one that the sample deliveries are about. */
export const DEMO_REPOSITORY = 'github-flows-demo/greeter';

/** The folder of the demo's profile. */
export const DEMO_PROFILE = 'greeter';

/** The image of the agent that the demo shows. */
export const DEMO_IMAGE = 'github-flows-agent-codex:latest';

/** The commenter of the sample, who may start a run. */
const DEMO_ACTOR = 'octocat';

/** Separates the output of Codex from git's change in the output of a run. */
export const CHANGE_MARK = '--- the change that the agent left ---';

/** The scripted model's socket in the agent's container: in the run's workspace. */
export const MODEL_SOCKET_IN_CONTAINER = `/workspace/${MODEL_SOCKET}`;

/** Which model answers: the demo's script, or OpenAI's with the operator's Codex state. */
export type DemoModel = { kind: 'scripted' } | { kind: 'real'; codexState: string };

/** Seconds for one run: the scripted model is fast, a real one is not. */
export const DEMO_TIMEOUT_SEC = { scripted: 180, real: 300 };

/** A script is fast; a real model may be silent for minutes. */
const STALL_SEC = { scripted: 60, real: 180 };

const READ_TOKEN =
  'export GH_TOKEN="$(tr -d \'\\r\\n\' < "$GH_TOKEN_FILE")"; export GITHUB_TOKEN="$GH_TOKEN"';
const REMEMBER = 'base=$(git rev-parse HEAD)';
const RUN_CODEX = 'codex exec --json --dangerously-bypass-approvals-and-sandbox -C /workspace/repo';
/** A successful run loses its workspace, and only git in the container may read what an agent left. */
const SHOW_CHANGE = `printf '%s\\n' '${CHANGE_MARK}' && git --no-pager log --reverse --patch --format='commit %h by %an%n%n    %s' "$base"..HEAD`;

/** A profile for comments on the demo's repository. */
export function demoProfile(paths: DemoPaths, model: DemoModel): object {
  const codexState = model.kind === 'real' ? model.codexState : `${paths.secrets}/codex`;
  return {
    description: 'Comments on the demo repository start Codex.',
    trigger: { repository: DEMO_REPOSITORY, event: 'issue_comment', action: 'created' },
    allow: { actors: [DEMO_ACTOR] },
    execution: {
      handler: {
        type: 'agent',
        command: ['bash', '-lc'],
        args: [`${READ_TOKEN}; ${REMEMBER}; ${RUN_CODEX} && ${SHOW_CHANGE}`],
        promptRef: 'prompt.md',
        promptVariables: {
          REPOSITORY: 'event.repository.full_name',
          ISSUE_NUMBER: 'event.issue.number',
          ISSUE_TITLE: 'event.issue.title',
          ISSUE_BODY: 'event.issue.body',
          ISSUE_AUTHOR: 'event.issue.user.login',
          COMMENT: 'event.comment.body',
        },
      },
      runtime: {
        image: DEMO_IMAGE,
        setupScript: 'test -d repo',
        timeoutSec: DEMO_TIMEOUT_SEC[model.kind],
        stallTimeoutSec: STALL_SEC[model.kind],
        network: model.kind === 'real' ? 'open' : 'none',
        env: { LOG_LEVEL: 'info', GH_TOKEN_FILE: '/run/secrets/gh-token' },
        dockerArgs: [
          ...['--mount', `type=bind,src=${codexState},dst=/home/user/.codex`],
          ...['--mount', `type=bind,src=${paths.secrets}/gh-token,dst=/run/secrets/gh-token,readonly`],
        ],
      },
    },
    report: { reaction: false, comment: 'never' },
  };
}

/** The agent's prompt. */
export const DEMO_PROMPT = `You work on the GitHub repository {{REPOSITORY}}. Its clone is your working directory, on a branch made for you.

Issue #{{ISSUE_NUMBER}} was opened by {{ISSUE_AUTHOR}}. Its title:

{{untrusted ISSUE_TITLE}}

Its text:

{{untrusted ISSUE_BODY}}

Someone who may start you has commented:

{{untrusted COMMENT}}

Make the smallest change that solves the problem, run the program to see that it does, and commit it with a message that says why. There is no network to GitHub here: do not push, and do not use gh. End with one short paragraph for the person who asked: what you changed, and how you know that it works.
`;
