import { createHash } from 'node:crypto';
import { chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { chatgptAuth, fakeLogin } from '../support/codex/login.ts';
import { makeLoginImage } from '../support/codex/login-issuer.ts';
import { serveTokensIn, type TokenServer } from '../support/codex/token-server.ts';
import { runAs } from '../support/engine/container-run.ts';
import {
  commentPayload,
  deliverTo,
  type Ground,
  makeGround,
  shellProfile,
  startServiceOn,
  type TestService,
  until,
} from '../support/service/service.ts';
import { spawnService } from '../support/service/service-process.ts';
import { size } from '../support/suite/size.ts';

const RUNS = size(5, 50);
const TEN_DAYS_MS = 10 * 24 * 3_600_000;

/** Prints a digest of the access token that the run was handed, and whether it has a refresh token. */
const SHOW_TOKEN = `grep -o '"access_token": "[^"]*"' "$CODEX_HOME/auth.json" | cut -d'"' -f4 | tr -d '\\n' | sha256sum
grep -c '"refresh_token": ""' "$CODEX_HOME/auth.json"`;

let image: { name: string; remove(): Promise<void> };
beforeAll(async () => {
  image = await makeLoginImage();
});
afterAll(async () => await image.remove());

/** A ground whose runs share a login with a minute left, and the server that renews it. */
async function makeExpiring(): Promise<{ ground: Ground; state: string; tokens: TokenServer }> {
  const ground = makeGround({
    profiles: { 'hello/profile.json': shellProfile(SHOW_TOKEN, { credentials: { codex: true } as never }) },
    env: { CODEX_IMAGE: image.name, MAX_CONCURRENT_RUNS: String(RUNS), RUN_AS: `${runAs.uid}:${runAs.gid}` },
  });
  onTestFinished(() => rmSync(ground.dir, { recursive: true, force: true }));
  const state = join(ground.dir, 'secrets/codex');
  const login = fakeLogin(Date.now() + 60_000);
  mkdirSync(state, { mode: 0o700 });
  writeFileSync(join(state, 'auth.json'), JSON.stringify(chatgptAuth(login)), { mode: 0o600 });
  for (const path of [state, join(state, 'auth.json')]) chownSync(path, runAs.uid, runAs.gid);
  const tokens = await serveTokensIn(state, login, TEN_DAYS_MS);
  onTestFinished(tokens.close);
  return { ground, state, tokens };
}

function tokensIn(state: string): { access_token: string; refresh_token: string } {
  return JSON.parse(readFileSync(join(state, 'auth.json'), 'utf8')).tokens;
}

/** What a run prints that was handed the access token which is on the host now. */
function expectedOutput(state: string): string {
  return `${createHash('sha256').update(tokensIn(state).access_token).digest('hex')}  -\n1\n`;
}

async function allEnded(service: TestService, count: number) {
  return await until(
    'every run has ended',
    async () => {
      const runs = await service.app.runs.list(count + 1);
      return runs.length === count && runs.every(({ state }) => state === 'ended') ? runs : undefined;
    },
    300_000,
  );
}

test(`${RUNS} runs at once on one expiring login: one renewal, no failure, and the login of the host is alive`, {
  timeout: 600_000,
}, async () => {
  const { ground, state, tokens } = await makeExpiring();
  const release = tokens.hold();
  const service = await startServiceOn(ground);
  onTestFinished(service.close);
  for (let index = 0; index < RUNS; index += 1) await service.comment(`run ${index}`);
  await until('all wait for the renewal', async () => {
    const runs = await service.app.runs.list(RUNS);
    const waiting = await Promise.all(
      runs.map(async ({ id }) =>
        (await service.app.runs.timeline(id)).some(({ text }) => text.includes('so it is renewed first')),
      ),
    );
    return waiting.length === RUNS && waiting.every(Boolean) ? true : undefined;
  });
  release();
  const runs = await allEnded(service, RUNS);
  expect(runs.map(({ outcome, reason }) => reason ?? outcome)).toEqual(Array(RUNS).fill('succeeded'));
  expect(tokens.shown).toHaveLength(1);
  expect(tokens.takes(tokensIn(state).refresh_token)).toBe(true);
  expect(new Set(runs.map(({ id }) => service.output(id)))).toEqual(new Set([expectedOutput(state)]));
  expect(JSON.stringify(service.log)).not.toContain(tokensIn(state).refresh_token);
});

test('a service that is killed in the middle of the renewal: the login is alive, and the next start runs on it', {
  timeout: 120_000,
}, async () => {
  const { ground, state, tokens } = await makeExpiring();
  const release = tokens.hold();
  const killed = await spawnService(ground);
  await deliverTo(killed.url, commentPayload('a run'));
  await until('the server was asked', () => (tokens.shown.length > 0 ? true : undefined));
  await killed.kill();

  const service = await startServiceOn(ground);
  onTestFinished(service.close);
  release();
  const [run] = await allEnded(service, 1);
  expect(run).toMatchObject({ outcome: 'succeeded' });
  expect(tokens.shown).toHaveLength(1);
  expect(tokens.takes(tokensIn(state).refresh_token)).toBe(true);
  expect(service.output(run?.id ?? '')).toBe(expectedOutput(state));
});
