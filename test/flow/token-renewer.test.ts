import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { Secret } from '../../src/base/secret.ts';
import type { GitHubToken, GitHubTokens } from '../../src/credentials/github/github-tokens.ts';
import { createMaskedValues } from '../../src/flow/credentials/masked-values.ts';
import { createTokenRenewer, writeTokenEnd } from '../../src/flow/credentials/token-renewer.ts';
import { createRedactor } from '../../src/log/redact.ts';
import type { Run } from '../../src/runs/run.ts';
import { secretFile, secretsDirectory } from '../support/profiles/secrets-directory.ts';
import { until } from '../support/service/service.ts';
import { movedClock } from '../support/suite/fake-clock.ts';

const MINUTE = 60_000;
const ID = 'run1';
const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const grant = {
  repository: 'octo/hello',
  permissions: { contents: 'write' },
  tokenFile: '/nowhere/gh-token',
  owner,
  bearerHash: null,
} as const;

/** An App whose tokens live an hour and are given out for 50 minutes, as the real ones are. */
function hourlyTokens(clock: { time: number }) {
  const given: GitHubToken[] = [];
  const state = { given, issue: undefined as FlowError | undefined, asked: 0 };
  let mintedAt = Number.NEGATIVE_INFINITY;
  const tokens: Pick<GitHubTokens, 'token'> = {
    async token() {
      state.asked += 1;
      if (state.issue) throw state.issue;
      if (clock.time - mintedAt >= 50 * MINUTE) {
        mintedAt = clock.time;
        const value = new Secret(`token-number-${given.length}-of-the-renewer-test`);
        given.push({
          value,
          expiresAt: clock.time + 60 * MINUTE,
          source: { kind: 'app', app: 'robot', username: 'x-access-token' },
        });
      }
      return given.at(-1);
    },
  };
  const refuse = (): void => {
    mintedAt = Number.NEGATIVE_INFINITY;
  };
  return { ...state, state, tokens, refuse };
}

function ground() {
  const clock = movedClock();
  const app = hourlyTokens(clock);
  const masked = createMaskedValues();
  const redactor = createRedactor();
  const notes: string[] = [];
  const states = { run: 'running' as Run['state'] };
  const secrets = join(secretsDirectory(), 'secrets');
  mkdirSync(secrets, { mode: 0o700 });
  const files = secretsDirectory();
  const renewer = createTokenRenewer({
    tokens: app.tokens,
    masked,
    redactor,
    clock,
    log: pino({ level: 'silent' }),
    runs: {
      find: async () => ({ id: ID, state: states.run }) as Run,
      note: async (_id, { text }) => void notes.push(text),
    },
  });
  renewer.start();
  onTestFinished(renewer.stop);
  return { clock, app, masked, redactor, notes, states, secrets, files, renewer };
}

let world: ReturnType<typeof ground>;
beforeEach(() => {
  world = ground();
});

const present = (): string => readFileSync(join(world.secrets, 'gh-token'), 'utf8');
const newest = (): GitHubToken | undefined => world.app.given.at(-1);

/** Hands the run its first token, as `injectGrants` does. */
async function begin(): Promise<void> {
  const token = await world.app.tokens.token({ ...grant, exact: true });
  secretFile(world.secrets, 'gh-token', token?.value.reveal() ?? '');
  await writeTokenEnd(world, token ?? { expiresAt: null }, owner);
  world.renewer.keep({ id: ID, paths: { secrets: world.secrets, files: world.files }, grant }, token);
}

/** Whether the newest token is in its place, and told: nothing is under way any more then. */
const isPlaced = (): boolean =>
  present() === newest()?.value.reveal() &&
  world.notes.filter((text) => text.includes('was renewed')).length === world.app.given.length - 1;

/** Moves the clock on minute by minute; `look` sees each minute once nothing is under way any more. */
async function pass(minutes: number, look: () => void = () => {}): Promise<void> {
  for (let minute = 0; minute < minutes; minute += 1) {
    await world.clock.advance(MINUTE);
    await until('the newest token is in its place', () => world.app.state.issue || isPlaced() || undefined);
    look();
  }
}

test('over three hours, past two expiries and more, the file always holds a token that is good for minutes', async () => {
  await begin();
  const seen = new Set<string>();
  await pass(180, () => {
    const token = world.app.given.find(({ value }) => value.reveal() === present());
    expect(token?.expiresAt).toBeGreaterThan(world.clock.time + 4 * MINUTE);
    const end = readFileSync(join(world.files, 'token-end'), 'utf8');
    expect(end).toBe(`${Math.floor((token?.expiresAt ?? 0) / 1000)}\n`);
    seen.add(present());
  });
  expect(seen.size).toBeGreaterThanOrEqual(4);
  expect(world.notes.filter((text) => text.includes('renewed. It lasts until'))).toHaveLength(seen.size - 1);
});

test('a token that the admin puts into the file reaches the active run within two minutes', async () => {
  await begin();
  const put = (value: string): void =>
    void world.app.given.push({
      value: new Secret(value),
      expiresAt: null,
      source: { kind: 'file', file: '/nowhere/gh-token' },
    });
  put('github_pat_the-first-of-the-admin');
  await world.clock.advance(6 * MINUTE);
  await until('the first is in its place', () => isPlaced() || undefined);
  put('github_pat_the-second-of-the-admin');
  await world.clock.advance(2 * MINUTE);
  await until('the second is in its place', () => isPlaced() || undefined);
});

test('a token that GitHub refused before its end is replaced within minutes', async () => {
  await begin();
  const before = present();
  await pass(6);
  expect(present()).toBe(before);
  world.app.refuse();
  await pass(6);
  expect(present()).not.toBe(before);
});

test('a new token is masked, and in its place by rename, closed to others, with nothing left beside it', async () => {
  await begin();
  const { ino } = statSync(join(world.secrets, 'gh-token'));
  await pass(60);
  const now = statSync(join(world.secrets, 'gh-token'));
  expect(now.ino).not.toBe(ino);
  expect(now.mode & 0o777).toBe(0o400);
  expect(readdirSync(world.secrets)).toEqual(['gh-token']);
  expect(world.redactor.mask(`it is ${present()}.`)).toBe('it is [masked].');
  expect(world.masked.values(ID).map((value) => value.reveal())).toContain(present());
  world.masked.release(ID);
  expect(world.redactor.mask(present())).toBe(present());
});

test('a failing renewal is noted once with its hint, retried until it works, and hides nothing from the run meanwhile', async () => {
  await begin();
  const before = present();
  world.app.state.issue = new FlowError({
    code: 'app_suspended',
    blame: 'github',
    message: 'The App is suspended.',
    hint: 'Lift the suspension.',
  });
  await pass(120);
  expect(present()).toBe(before);
  expect(world.notes).toEqual([
    "The run's GitHub token could not be renewed; the service retries until it works: The App is suspended. Lift the suspension.",
  ]);
  expect(world.app.state.asked).toBeGreaterThan(10);
  expect(world.app.state.asked).toBeLessThan(40);
  world.app.state.issue = undefined;
  await world.clock.advance(6 * MINUTE);
  await until('the token is renewed', () => world.notes.at(-1)?.includes('was renewed') || undefined);
  expect(present()).not.toBe(before);
});

test('after a restart the token is asked for at once, and put in place when it is another', async () => {
  secretFile(world.secrets, 'gh-token', 'the-one-of-the-service-before');
  world.renewer.keep({ id: ID, paths: { secrets: world.secrets, files: world.files }, grant }, undefined);
  await until('the token is renewed', () =>
    present() === 'the-one-of-the-service-before' ? undefined : true,
  );
  expect(present()).toBe(newest()?.value.reveal());
});

test.each(['released', 'reporting', 'ended', 'queued'] as const)(
  'nothing is asked for a run that is %s',
  async (how) => {
    await begin();
    if (how === 'released') world.masked.release(ID);
    else world.states.run = how;
    const { asked } = world.app.state;
    await world.clock.advance(180 * MINUTE);
    expect(world.app.state.asked).toBe(asked);
  },
);

test('a run whose directory is gone gets no new one', async () => {
  await begin();
  rmSync(world.secrets, { recursive: true });
  await world.clock.advance(60 * MINUTE);
  await until('it was asked for', () => (world.app.state.asked > 1 ? true : undefined));
  expect(() => statSync(world.secrets)).toThrow('ENOENT');
});
