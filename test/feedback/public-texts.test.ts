import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FlowError, unexpected } from '../../src/base/errors.ts';
import { publicProblem, SHOWN } from '../../src/feedback/public-texts.ts';

const page = readFileSync(join(resolve(import.meta.dirname, '../..'), 'docs/errors.md'), 'utf8');
const codes = [...page.matchAll(/^### `([a-z0-9_]+)`$/gm)].map(([, code = '']) => code);

/** What no outside user is to read, in a sentence that a code might have. */
const INSIDE = [
  'cannot read /var/lib/github-flows/secrets/service/secrets.enc',
  'file:///srv/git/octo/repository.git does not answer',
  'https://registry.internal.example:5000/agents/codex is refused',
  'connect ECONNREFUSED 10.0.0.7:2375',
  'unix:///var/run/docker.sock is away',
  'pull access denied for sha256:abc',
  'TypeError: x\n    at run (file.ts:10:7)',
];

describe('a problem as people on GitHub read it', () => {
  test.each(codes)('%s shows nothing internal, and keeps its code', (code) => {
    for (const inside of INSIDE) {
      const told = publicProblem(
        { code, message: `It happened: ${inside}.`, hint: `See ${inside}.` },
        'run1',
      );
      expect(told.code).toBe(code);
      expect(`${told.message} ${told.hint}`).not.toMatch(
        /\/var|\/srv|registry|ECONN|docker\.sock|sha256|TypeError|10\.0/,
      );
      expect(told.message.length).toBeGreaterThan(20);
    }
  });

  test('the address of a server is left out of what is shown', () => {
    const url = 'https://git.internal.example/octo/repository.git';
    const told = publicProblem({
      code: 'push_signature_required',
      message: `${url} does not take the branch x: commits must be signed.`,
      hint: 'Take the rule off.',
    });
    expect(told.message).toBe('The server does not take the branch x: commits must be signed.');
  });

  test.each(codes.filter((code) => !SHOWN.has(code)))('%s has no text of its own on GitHub', (code) => {
    const told = publicProblem({
      code,
      message: 'The secret DEPLOY_KEY is not there.',
      hint: 'Set DEPLOY_KEY.',
    });
    expect(JSON.stringify(told)).not.toContain('DEPLOY_KEY');
  });

  test('no code is shown that docs/errors.md does not have', () => {
    expect([...SHOWN].filter((code) => !codes.includes(code))).toEqual([]);
  });

  test('what people can fix is shown whole', () => {
    const problem = {
      code: 'publish_too_many_files',
      message: 'The commits change 320 files, and publish.limits.files is 100.',
      hint: 'Raise it, or say /cancel; see docs/github.md of octo/repository.',
    };
    expect(publicProblem(problem)).toEqual(problem);
  });

  test('an agent that gives up with internal words is not taken for an error of the service', () => {
    const told = publicProblem({
      code: 'agent_gave_up',
      message: 'Codex gave up: cannot read /root/.codex/auth.json.',
      hint: 'Start it again.',
    });
    expect(told.message).toBe('The agent did not end as it should have.');
  });

  test.each([
    'The commits change what this profile does not publish: "docs/EXAMPLES.md", "ENTRYPOINT.sh", "EULA.txt".',
    'The commits hold binary files: "dist/app-1.2.3.4.tgz", "a\\"/etc/b", "x sha256:1".',
    'The branch EXPERIMENT is protected.',
  ])('names out of the repository are told, whatever they look like: %s', (message) => {
    const problem = { code: 'publish_path_denied', message, hint: 'Leave it alone.' };
    expect(publicProblem(problem)).toEqual(problem);
  });

  test.each(['"/etc/shadow"', '"~/.ssh/id"', '"C:\\x"', 'EAI_AGAIN', 'ENOSPC', 'EMFILE', 'ENETUNREACH'])(
    'a place on a host in quotes, or a system’s word, is not: %s',
    (inside) => {
      const problem = { code: 'publish_path_denied', message: `It is ${inside}.`, hint: 'Fix it.' };
      expect(publicProblem(problem).message).not.toContain(inside);
    },
  );

  test('a refusal because commits change nothing is shown as that', () => {
    const problem = { code: 'publish_changes_nothing', message: 'They change nothing.', hint: 'Ask again.' };
    expect(publicProblem(problem)).toEqual(problem);
  });

  test('the text of an unexpected error is for operators', () => {
    const issue = unexpected(new Error('EACCES: /etc/github-flows/key'));
    expect(JSON.stringify(issue.toProblem())).not.toContain('EACCES');
    expect(issue.toOperatorProblem().message).toContain('EACCES: /etc/github-flows/key');
    expect(JSON.stringify(publicProblem(issue.toOperatorProblem()))).not.toContain('EACCES');
    const known = new FlowError({
      code: 'x',
      blame: 'agent',
      message: 'm',
      hint: 'n',
      cause: new Error('c'),
    });
    expect(known.toOperatorProblem()).toEqual(known.toProblem());
  });
});
