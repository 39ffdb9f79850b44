import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { AGENTS } from '../../src/compose/agents.ts';
import { credentialReadings, deliverCredentials } from '../../src/credentials/inject/deliver.ts';
import { makePlan } from '../../src/flow/prepare/plan.ts';
import { createListener } from '../../src/flow/run/container-listener.ts';
import { judgeByAgent, judgeEnd } from '../../src/flow/run/outcome.ts';
import { createRedactor } from '../../src/log/redact.ts';
import { resolveMounts } from '../../src/mounts/rules/check.ts';
import { NO_POLICY } from '../../src/policy/policy.ts';
import { loadProfiles } from '../../src/profiles/read/load.ts';
import { TINY_LOGIN, TINY_PROGRAM, tiny } from '../support/agents/tiny.ts';
import { containerRun, runAs } from '../support/engine/container-run.ts';
import { makeMountHost } from '../support/profiles/mount-host.ts';
import { checks, profilesDirectory } from '../support/profiles/profile-files.ts';

const agents = [...AGENTS, tiny];

/** A host with the agent's login in its secrets directory, and a profile that mounts it and runs the agent. */
async function profileOfTiny() {
  const { host, remove } = makeMountHost();
  onTestFinished(remove);
  const mountHost = { ...host, agents };
  const state = join(host.secretsDir, 'tiny');
  chmodSync(host.secretsDir, 0o700);
  mkdirSync(state, { mode: 0o700 });
  writeFileSync(join(state, 'token.json'), TINY_LOGIN, { mode: 0o600 });
  writeFileSync(join(state, 'history.txt'), 'what people did with it', { mode: 0o600 });
  const dir = profilesDirectory({
    'profile.json': {
      trigger: { event: 'push' },
      execution: {
        handler: { type: 'shell', command: ['bash', '-lc'], args: ['cd /workspace && exec ./tiny --events'] },
        runtime: {
          image: 'image:1',
          dockerArgs: ['--mount', `type=bind,src=${state},dst=/home/user/.tiny`],
        },
      },
    },
  });
  const { profiles, issues } = await loadProfiles({ dir, checks: { ...checks, mountHost } });
  expect(issues).toEqual([]);
  const [profile] = profiles;
  if (!profile) throw new Error('there is no profile');
  return { profile, mountHost };
}

/** The profile's run in a container, from its plan to its judgement. */
async function runTiny(prompt: string) {
  const { profile, mountHost } = await profileOfTiny();
  const places = {
    home: '/x',
    files: '/x/files',
    workspace: '/x/work',
    secrets: '/x/secrets',
    log: '/x/log',
  };
  const draft = containerRun('true');
  await draft.dispose();
  const plan = makePlan({
    ...{ profile, repository: 'octo/hello', runId: 'run1', agents, policy: NO_POLICY, runtimeUrl: undefined },
    mounted: resolveMounts(profile.execution.runtime.dockerArgs.mounts, mountHost),
    paths: { ...places } as Parameters<typeof makePlan>[0]['paths'],
    defaults: { ...draft.plan.limits, network: 'none', runAs, sshHostKeys: 'pinned' },
    secretsDir: mountHost.secretsDir,
  });
  const states = plan.mounts.filter(({ kind }) => kind === 'agent-state');
  const run = containerRun('true', { command: plan.command, mounts: states });
  onTestFinished(run.dispose);
  const redactor = createRedactor();
  const readings = credentialReadings(
    states.map(({ name = '', source }) => ({ kind: 'agent-state', name, source: source ?? '' })),
    agents,
  );
  const times = { nowMs: Date.now(), untilMs: Date.now() + 60_000 };
  const copies = await Promise.all(readings.map(({ read }) => read(times)));
  await deliverCredentials({ secretsDir: run.secrets, owner: runAs, copies, redactor });
  const program = join(run.workspace, 'tiny');
  writeFileSync(program, TINY_PROGRAM, { mode: 0o755 });
  chownSync(program, runAs.uid, runAs.gid);
  writeFileSync(join(run.dir, 'files/prompt.md'), `${prompt}\n`);
  const told: unknown[] = [];
  const write = ({ kind, text }: { kind: string; text: string }): void => void told.push([kind, text]);
  const listener = createListener(profile.execution.handler, {
    ...{ agents, mark: undefined, write, mask: redactor.mask },
  });
  const end = await run.run({ onLine: listener.read, openMask: () => redactor.stream() });
  const heard = listener.result();
  const byEnd = judgeEnd(end, { id: 'run1', limits: run.plan.limits }, undefined);
  return { told, heard, judged: judgeByAgent(byEnd, end, heard), copies };
}

test('an agent that only this test knows gets its state, is heard in its own words, and judges its end itself', async () => {
  const { told, heard, judged, copies } = await runTiny('greet me, please');
  expect(told).toEqual([
    ['agent.session', '1'],
    ['agent.text', 'I was asked: greet me, please'],
    ['agent.text', 'I know: {"access_token":"[masked]"}'],
    ['agent.end', ''],
  ]);
  expect(heard.finalMessage).toBe('I know: {"access_token":"[masked]"}');
  expect(judged).toEqual({ outcome: 'succeeded', reason: null, note: 'Seven is good.' });
  expect(copies.flatMap(({ files }) => files).map(({ path }) => path)).toEqual(['tiny/token.json']);
});

test('its refusal with exit code 0 is a failure of its own code', async () => {
  const { judged, heard } = await runTiny('greet me');
  expect(heard.agent?.turn.state).toBe('failed');
  expect(judged).toMatchObject({ outcome: 'failed', reason: { code: 'tiny_refused', hint: 'Say please.' } });
});
