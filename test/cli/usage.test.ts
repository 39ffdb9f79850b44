import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openNewSqlite } from '../support/databases/migrated.ts';
import { type CommandResult, runCommand } from '../support/service/cli.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

let dir: string;

beforeEach(async () => {
  dir = await temporaryDirectory();
  vi.stubEnv('TMPDIR', dir);
  onTestFinished(() => void vi.unstubAllEnvs());
  mkdirSync(join(dir, 'profiles'));
  mkdirSync(join(dir, 'secrets'), { mode: 0o700 });
  writeFileSync(join(dir, 'list.json'), '[1]');
  writeFileSync(join(dir, 'half.json'), '{"action":');
  writeFileSync(join(dir, 'payload.json'), '{"action":"created"}');
});

const run = (...argv: string[]): Promise<CommandResult> =>
  runCommand(
    dir,
    {
      SECRETS_DIR: './secrets',
      DOCKER_HOST: `unix://${dir}/no-engine.sock`,
      WEBHOOK_SECRET: '0123456789abcdefghij',
      PORT: '9',
    },
    ...argv,
  );

const WRONG: [string[], RegExp][] = [
  [['nonsense'], /unknown command 'nonsense'/],
  [['serv'], /Did you mean serve/],
  [['serve', 'now'], /too many arguments/],
  [['serve', '--port', '1'], /unknown option '--port'/],
  [['demo', '--quick'], /unknown option '--quick'/],
  [['demo', 'twice'], /too many arguments/],
  [['doctor', '--repository'], /argument missing/],
  [['doctor', '--repository', 'nobody'], /Write it as owner\/name/],
  [['doctor', '--repository', 'a/b/c'], /Write it as owner\/name/],
  [['doctor', '--repository', 'owner/na me'], /Write it as owner\/name/],
  [['profiles'], /Usage/],
  [['profiles', 'check'], /unknown command 'check'/],
  [['profiles', 'validate', 'x'], /too many arguments/],
  [['explain'], /missing required argument/],
  [['explain', 'payload.json'], /Add --event/],
  [['explain', 'paylod.json', '--event', 'push'], /does not exist/],
  [['explain', './runs/payload'], /does not exist/],
  [['explain', 'payload.json', '--event'], /argument missing/],
  [['send'], /missing required argument/],
  [['send', 'issue_coment'], /Did you mean issue_comment/],
  [['send', '../../../etc/passwd'], /no sample for the event/],
  [['send', 'Issue Comment', '--file', 'payload.json'], /cannot be the name of an event/],
  [['send', 'push', '--file', 'none.json'], /is not there/],
  [['send', 'push', '--file', 'profiles'], /not a regular file/],
  [['send', 'push', '--file', 'half.json'], /not a JSON object/],
  [['send', 'push', '--file', 'list.json'], /not a JSON object/],
  [['runs', 'list', '--limit', '0'], /whole number from 1 to 10000/],
  [['runs', 'list', '--limit', '10001'], /whole number from 1 to 10000/],
  [['runs', 'list', '--limit', '-5'], /whole number from 1 to 10000/],
  [['runs', 'list', '--limit', '1e3'], /whole number from 1 to 10000/],
  [['runs', 'show'], /missing required argument/],
  [['runs', 'logs', 'a', 'b'], /too many arguments/],
  [['runs', 'cancel'], /missing required argument/],
  [['deliveries', 'list', '--limit', 'many'], /whole number from 1 to 10000/],
  [['deliveries', 'show'], /missing required argument/],
  [['codex'], /Usage/],
  [['codex', 'logout'], /unknown command 'logout'/],
  [['codex', 'login', '--quick'], /unknown option '--quick'/],
];

const FAILING: [string[], string][] = [
  [['explain', 'no-such-delivery'], 'delivery_unknown'],
  [['workers', 'drain', 'nobody'], 'worker_unknown'],
  [['explain', 'half.json', '--event', 'push'], 'profiles_invalid|delivery_not_json'],
  [['send', 'push'], 'service_not_reached'],
  [['runs', 'show', 'nothing'], 'run_unknown'],
  [['runs', 'show', '../../etc/passwd'], 'run_unknown'],
  [['runs', 'logs', 'nothing'], 'run_unknown'],
  [['runs', 'cancel', 'nothing'], 'run_unknown'],
  [['deliveries', 'show', 'nothing'], 'delivery_unknown'],
  [['codex', 'login'], 'engine_unreachable'],
  [['demo'], 'engine_unreachable'],
  [['demo', '--real'], 'demo_login_unusable'],
];

describe('a command that was asked wrongly', () => {
  test.each(WRONG)('%j ends with exit code 2 and says what can be asked', async (argv, words) => {
    const { code, out, err } = await run(...argv);
    expect(code).toBe(2);
    expect(err).toMatch(words);
    expect(err).toMatch(/--help|→ \S|Usage/);
    expect(out).toBe('');
  });

  test.each([
    [['runs', 'list', '--limit', 'many', '--json'], /whole number/],
    [['profiles', '--json'], /Unknown option/],
    [['explain', '--json'], /Missing required argument/],
    [['send', 'nothing', '--json'], /no sample/],
  ])('%j prints one document with the error', async (argv, words) => {
    const { code, out } = await run(...argv);
    expect(code).toBe(2);
    expect(JSON.parse(out).error).toEqual({
      code: 'usage',
      message: expect.stringMatching(words),
      hint: expect.stringMatching(/\S/),
    });
  });
});

/** What a service has left that was started here once. */
const makeDatabase = async (): Promise<void> =>
  await (await openNewSqlite(join(dir, 'var/github-flows.db'))).close();

describe('a command that fails', () => {
  beforeEach(makeDatabase);

  test.each(FAILING)('%j ends with exit code 1, a sentence, a hint and a code', async (argv, expected) => {
    const { code, err } = await run(...argv);
    expect(code).toBe(1);
    const [, told = ''] = /\n {2}→ \S.*\[([a-z0-9_]+)\]\n/.exec(err) ?? [];
    expect(told).toMatch(new RegExp(`^(${expected})$`));
  });

  test.each(FAILING.filter(([argv]) => !['demo', 'codex'].includes(argv[0] ?? '')))(
    '%j --json prints one document with the same',
    async (argv, expected) => {
      const { code, out, err } = await run(...argv, '--json');
      expect(code).toBe(1);
      expect(err).toBe('');
      const { error } = JSON.parse(out);
      expect(error).toMatchObject({
        message: expect.stringMatching(/\S/),
        hint: expect.stringMatching(/\S/),
      });
      expect(error.code).toMatch(new RegExp(`^(${expected})$`));
    },
  );

  test('tells every error of the configuration at once, each with its hint', async () => {
    const settings = { PORT: 'all', LOG_LEVEL: 'loud', RUN_AS: '0:0', WEBHOOK_SECRET: 'pw-9x' };
    const { code, err } = await runCommand(dir, settings, 'serve');
    expect(code).toBe(1);
    for (const name of Object.keys(settings)) expect(err).toContain(name);
    expect(err.match(/→/g)?.length).toBe(5);
    expect(err).not.toContain('pw-9x');
    const json = JSON.parse((await runCommand(dir, settings, 'runs', 'list', '--json')).out);
    expect(json.error).toMatchObject({ code: 'config_invalid' });
    expect(json.error.issues).toHaveLength(4);
  });

  test('never starts a service without a webhook secret', async () => {
    const { code, err } = await runCommand(dir, { SECRETS_DIR: './secrets' }, 'serve');
    expect(code).toBe(1);
    expect(err).toContain('[webhook_secret_missing]');
  });
});

describe('--help', () => {
  test.each([[[]], [['serve']], [['demo']], [['send']], [['runs', 'logs']], [['codex', 'login']]])(
    '%j gives its usage with exit code 0',
    async (argv) => {
      const { code, out } = await run(...argv, '--help');
      expect(code).toBe(0);
      expect(out).toMatch(/^Usage: github-flows/);
    },
  );
});

describe('where no service has been started yet', () => {
  test.each([
    ['runs', 'list'],
    ['runs', 'show', 'nothing'],
    ['runs', 'logs', 'nothing'],
    ['runs', 'cancel', 'nothing'],
    ['runs', 'retry', 'nothing'],
    ['deliveries', 'list'],
    ['deliveries', 'show', 'nothing'],
    ['deliveries', 'replay', 'nothing'],
    ['deliveries', 'redeliver', '--since', '2h'],
    ['workers', 'list'],
    ['workers', 'drain', 'nobody'],
    ['explain', 'no-such-delivery'],
  ])('%s %s says that there is no database yet, and where, and makes none', async (...argv) => {
    const before = readdirSync(dir);
    const { code, out, err } = await run(...argv.filter((word) => word !== undefined));
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(`There is no database yet at ${dir}/var/github-flows.db`);
    expect(err).toContain('[database_absent]');
    expect(readdirSync(dir)).toEqual(before);
  });

  test.each([[['app', 'list']], [['explain', 'payload.json', '--event', 'push', '--ask']]])(
    '%j needs none, and makes none',
    async (argv) => {
      writeProfile(dir);
      const before = readdirSync(dir);
      expect((await run(...argv)).code).toBe(0);
      expect(readdirSync(dir)).toEqual(before);
    },
  );
});

function writeProfile(at: string): void {
  mkdirSync(join(at, 'profiles/hello'));
  const profile = {
    trigger: { event: 'issue_comment' },
    execution: { handler: { type: 'shell', command: ['true'] }, runtime: { image: 'image:1' } },
  };
  writeFileSync(join(at, 'profiles/hello/profile.json'), JSON.stringify(profile));
}
