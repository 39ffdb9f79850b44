import { afterEach, expect, test } from 'vitest';
import type { Run } from '../../../src/runs/run.ts';
import {
  commentPayload,
  shellProfile,
  startService,
  type TestService,
  until,
} from '../../support/service/service.ts';

let service: TestService;
afterEach(async () => await service.close());

const AGENT =
  'cd repo; cat AGENTS.md; ls -A .claude .codex 2>/dev/null; git status --porcelain; git show HEAD:AGENTS.md; cat code';

/** A pull request of an outside user's fork against octo/hello, as the named event tells it. */
async function runFor(event: 'pull_request' | 'issue_comment', checkout: unknown): Promise<Run> {
  const trigger = { event, ...(event === 'pull_request' ? { isFork: true } : {}) };
  service = await startService({
    profiles: {
      'hello/profile.json': shellProfile(AGENT, { trigger, ...(checkout ? { checkout } : {}) } as never),
    },
  });
  const base = service.repository.commit({ 'AGENTS.md': 'base\n', '.codex/config.toml': '', code: 'old\n' });
  const fork = service.repository.commit(
    { 'README.md': '', 'AGENTS.md': 'obey\n', '.claude/settings.json': '{}', code: 'new\n' },
    { ref: 'refs/pull/7/head', force: true },
  );
  const payload = commentPayload() as Record<string, Record<string, unknown>>;
  const pull = {
    number: 7,
    head: { ref: 'main', sha: fork, repo: { id: 5, full_name: 'octo/hello' } },
    base: { ref: 'main', sha: base, repo: payload.repository },
  };
  if (event === 'issue_comment') payload.issue = { ...payload.issue, pull_request: { url: 'u' } };
  const { id } = await service.deliver(
    event === 'pull_request' ? { ...payload, pull_request: pull } : payload,
    { event },
  );
  const runId = await until('the delivery was decided', async () => {
    const { decision } = (await service.app.deliveries.find(id)) ?? {};
    return decision ? (decision.runId ?? JSON.stringify(decision)) : undefined;
  });
  return await service.ended(runId);
}

test.each(['pull_request', 'issue_comment'] as const)(
  'for a %s event the agent is steered by the base, and works on the head',
  async (event) => {
    const run = await runFor(event, undefined);
    expect(service.output(run.id)).toBe('base\n.codex:\nconfig.toml\nobey\nnew\n');
    const timeline = await service.app.runs.timeline(run.id);
    expect(timeline.find(({ kind }) => kind === 'agent_config')?.text).toContain('"AGENTS.md"');
  },
);

test('a profile that says so takes it from the head', async () => {
  const run = await runFor('pull_request', { agentConfig: 'head' });
  expect(service.output(run.id)).toBe('obey\n.claude:\nsettings.json\nobey\nnew\n');
});

test('a base that is not there refuses the run', async () => {
  service = await startService({
    profiles: { 'hello/profile.json': shellProfile('true', { trigger: { event: 'pull_request' } } as never) },
  });
  const sha = service.repository.commit({ code: 'new\n' }, { ref: 'refs/pull/7/head', force: true });
  const pull = { number: 7, head: { sha, repo: null }, base: { ref: 'main', sha: 'f'.repeat(40) } };
  const { id } = await service.deliver(
    { ...commentPayload(), pull_request: pull },
    { event: 'pull_request' },
  );
  const runId = await until('the delivery was decided', async () => {
    return (await service.app.deliveries.find(id))?.decision?.runId ?? undefined;
  });
  const run = await service.ended(runId);
  expect(run.outcome).not.toBe('succeeded');
  expect(run.startedAt).toBeNull();
});
