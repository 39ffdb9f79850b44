import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { LoginRenewal } from '../../src/agents/agent.ts';
import { AGENTS } from '../../src/compose/agents.ts';
import { copyCredential } from '../../src/credentials/inject/copy-credential.ts';
import { checkSecretName } from '../../src/credentials/secrets/secret-rules.ts';
import { isAllowed, parseAllowList } from '../../src/egress/allow-list.ts';
import { hostLists } from '../../src/egress/shipped-lists.ts';
import { renewalsOf } from '../../src/flow/credentials/grants.ts';
import { checkMounts } from '../../src/mounts/rules/check.ts';
import { configDepth } from '../../src/workspaces/checkouts/agent-config.ts';
import { TINY_LOGIN, tiny } from '../support/agents/tiny.ts';
import { bindOf, makeMountHost } from '../support/profiles/mount-host.ts';
import { secretFile, secretsDirectory } from '../support/profiles/secrets-directory.ts';

const agents = [...AGENTS, tiny];
const times = { nowMs: 0, untilMs: 0 };

test('every agent has a name, a directory and a login of its own', () => {
  for (const of of [
    agents.map(({ name }) => name),
    agents.map(({ state }) => state.directory),
    agents.map(({ state }) => state.login),
  ])
    expect(new Set(of).size).toBe(agents.length);
});

test('files that steer an agent are agent configuration, in any folder and in any case', () => {
  const depth = configDepth(agents);
  expect(['docs/TINY.md', 'a/.config/tiny/x', 'a/.config/other', 'CLAUDE.md'].map(depth)).toEqual([
    2,
    3,
    undefined,
    1,
  ]);
  expect(configDepth(AGENTS)('docs/TINY.md')).toBeUndefined();
});

test('an agent’s state is mounted at its own directory and nowhere else', () => {
  const { host, remove } = makeMountHost();
  onTestFinished(remove);
  const state = join(host.secretsDir, 'tiny');
  mkdirSync(state, { mode: 0o700 });
  writeFileSync(join(state, 'token.json'), TINY_LOGIN, { mode: 0o600 });
  const mount = (target: string) => checkMounts(bindOf(state, target), { ...host, agents });
  expect(mount('/home/user/.tiny').mounts).toMatchObject([{ kind: 'agent-state', name: 'tiny' }]);
  expect(mount('/home/user/.codex').problems).toMatchObject([{ code: 'mount_credential_shape' }]);
  expect(mount('/run/secrets/state').problems).toMatchObject([
    { code: 'mount_credential_target', hint: expect.stringContaining('/home/user/.tiny') },
  ]);
  expect(checkMounts(bindOf(state, '/home/user/.tiny'), host).problems).toMatchObject([
    { code: 'mount_denied' },
  ]);
});

test('its hosts are a list that profiles name, and nobody else’s', () => {
  const { list } = parseAllowList(['@tiny'], hostLists(agents));
  expect(isAllowed(list, 'tiny.example.org', 443)).toBe(true);
  expect(parseAllowList(['@tiny'], hostLists(AGENTS)).problems).toMatchObject([
    { code: 'egress_list_unknown' },
  ]);
});

test('no secret may have an agent’s name, for its state lies there', () => {
  expect(() => checkSecretName('tiny', agents)).toThrow('the place of an agent');
  expect(() => checkSecretName('tiny', AGENTS)).not.toThrow();
});

test('a login that lies elsewhere is shared without its refresh token too', async () => {
  const secrets = secretsDirectory();
  const source = secretFile(secrets, 'token.json', TINY_LOGIN);
  const { files, withheld } = await copyCredential({ name: 'other', source, times }, agents);
  expect(files.map(({ content }) => content.toString())).toEqual([
    '{"access_token":"access-of-tiny-1234567890"}',
  ]);
  expect(withheld).toHaveLength(1);
});

test('only the renewal of its own agent is asked about a state, and each about what may be any’s', () => {
  const renewal = (): LoginRenewal => ({
    ensure: async () => {},
    adopt: async () => {},
    stop: async () => {},
  });
  const [first, second] = [renewal(), renewal()];
  const renewals = new Map([
    ['codex', first],
    ['tiny', second],
  ]);
  const asked = (name: string): LoginRenewal[] => renewalsOf({ agents, renewals }, name);
  expect(asked('tiny')).toEqual([second]);
  expect(asked('claude')).toEqual([]);
  expect(asked('gh-token')).toEqual([]);
  expect(asked('deploy-login')).toEqual([first, second]);
});
