import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { exec } from '../../src/programs/exec.ts';
import { demoContainers, demoDirectory, demoEnvironment, startDemo } from '../support/service/demo.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

/** Longer than a socket's path may be, and with a blank in it. */
const LONG_NAME = `a directory ${'x'.repeat(90)}`;

let temporary: string;
let dir: string;
let env: Record<string, string>;

beforeEach(async () => {
  temporary = await temporaryDirectory();
  dir = demoDirectory(temporary);
  env = demoEnvironment(temporary);
});

async function expectNothingLeft(): Promise<void> {
  expect(await demoContainers(temporary)).toEqual([]);
  expect(existsSync(join(dir, 'model/model.sock'))).toBe(false);
  const left = ['var/work', 'run'].flatMap((name) =>
    readdirSync(join(dir, name), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()),
  );
  expect(left).toEqual([]);
}

const sh = async (command: string): Promise<string> =>
  (await exec('sh', ['-c', command], { env, timeoutMs: 60_000 })).stdout;

describe('the demo', { timeout: 120_000 }, () => {
  test('shows a signed comment become a commit of the real Codex, keeps what it left, and leaves nothing running', async () => {
    temporary = join(temporary, LONG_NAME);
    mkdirSync(temporary);
    [dir, env] = [demoDirectory(temporary), demoEnvironment(temporary)];
    const demo = startDemo(env);
    expect(await demo.ended).toBe(0);

    const shown = demo.shown();
    const steps = [
      /A SCRIPTED MODEL answers in place of OpenAI/,
      /no account is needed/,
      /✓ A repository with a bug in it/,
      /receives webhooks at http:\/\/127\.0\.0\.1:\d+\/webhooks\/github/,
      /octocat on issue #7/,
      /X-Hub-Signature-256: sha256=[0-9a-f]{16}…/,
      /✓ 202 \{"delivery":"[0-9a-f-]{36}","status":"accepted"\}/,
      /s {2}Queued for profile greeter\./,
      /s {2}The container runs/,
      /s {2}Codex began a thread\./,
      /s {2}\$ sh greet\.sh && sh greet\.sh Mona/,
      /s {4}exit code 0/,
      /s {2}Ended; nothing of the run is left on the engine\./,
      /The change\n─+\n {2}commit [0-9a-f]{7,} by github-flows/,
      /^ {2}-echo "Hello, \$1!"\n {2}\+echo "Hello, \$\{1:-world\}!"$/m,
      /The agent’s answer\n─+\n {2}Without a name, greet\.sh now greets the world/,
      /Next: a repository of your own/,
      /bin\/github-flows doctor --repository owner\/name/,
      /Done in \d+\.\d s\./,
    ];
    let rest = shown;
    for (const words of steps) {
      expect(rest).toMatch(words);
      rest = rest.slice(rest.search(words));
    }
    expect(shown).not.toContain('\u001b');

    const log = /prompt, output and change {2}(\S.*)\n/.exec(shown)?.[1] ?? '';
    expect(readdirSync(log).toSorted()).toEqual(
      expect.arrayContaining(['change.diff', 'output.jsonl', 'prompt.md']),
    );
    expect(readFileSync(join(log, 'prompt.md'), 'utf8')).toContain(
      'Please fix this, and show that it works.',
    );
    expect(JSON.parse(readFileSync(join(dir, 'service.log'), 'utf8').split('\n')[0] ?? '')).toHaveProperty(
      'msg',
    );
    expect(lstatSync(dir).mode & 0o777).toBe(0o700);
    expect(lstatSync(join(dir, '.env')).mode & 0o777).toBe(0o600);
    await expectNothingLeft();

    const again = /the run again {14}(cd .*)\n/.exec(shown)?.[1] ?? 'false';
    expect(await sh(again)).toMatch(/state +ended, succeeded/);
  });

  test('works again after it was killed in the middle, and removes what that one left running', async () => {
    const killed = startDemo(env);
    await killed.sees(/Codex began a thread/);
    killed.process.kill('SIGKILL');
    await killed.ended;
    expect(await demoContainers(temporary)).toHaveLength(1);

    const next = startDemo(env, '--json');
    expect(await next.ended).toBe(0);
    expect(next.shown()).toContain('✓ Removed a container of a demo that was killed');
    expect(JSON.parse(next.out())).toMatchObject({
      outcome: 'succeeded',
      reason: null,
      answer: expect.stringContaining('greets the world'),
      change: expect.stringContaining('{1:-world}!"'),
      directory: expect.stringContaining(dir),
    });
    await expectNothingLeft();
  });

  test('leaves no container when Ctrl-C comes, also twice at once as from npm', async () => {
    const demo = startDemo(env);
    await demo.sees(/The container runs/);
    demo.process.kill('SIGINT');
    demo.process.kill('SIGINT');
    expect(await demo.ended).toBe(1);
    expect(demo.shown()).toMatch(/The demo was interrupted\..*\n {2}→ .*\[demo_interrupted\]\n$/);
    await expectNothingLeft();
  });

  test('goes on serving with --keep: another comment starts another run, until Ctrl-C', async () => {
    const demo = startDemo(env, '--keep');
    const [, command = ''] = await demo.sees(/ {2}(cd .* send issue_comment)\n/);
    expect(await sh(command)).toMatch(/^202 accepted/);
    await demo.sees(/issue_comment: run \w+ succeeded: Without a name/);

    const second = startDemo(env);
    expect(await second.ended).toBe(1);
    expect(second.shown()).toMatch(/Another demo of yours runs in.*\n {2}→ .*\[demo_running\]/);

    await sh(command);
    demo.process.kill('SIGINT');
    expect(await demo.ended).toBe(0);
    await expectNothingLeft();
  });

  test('tells with reason and hint, and exit code 1, when the run does not succeed', async () => {
    const demo = startDemo(env);
    await demo.sees(/The container runs/);
    const [container = ''] = await demoContainers(temporary);
    await exec('docker', ['rm', '-f', container], { env });
    expect(await demo.ended).toBe(1);
    expect(demo.shown()).toMatch(/The run did not succeed: (lost|failed)\n─+\n {2}✗ .*\n {2}→ .*\[\w+\]/);
    expect(demo.shown()).toContain('service.log');
    expect(await demoContainers(temporary)).toEqual([]);
  });

  test('listens where PORT says, and tells when that is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as { port: number };
    const demo = startDemo({ ...env, PORT: String(port) });
    expect(await demo.ended).toBe(1);
    expect(demo.shown()).toMatch(/✗ The service\n[\s\S]*\[listen_failed\]/);
  });

  test('does not use a directory that somebody else could have made for it', async () => {
    symlinkSync(temporary, dir);
    const demo = startDemo(env);
    expect(await demo.ended).toBe(1);
    expect(demo.shown()).toMatch(/it is not a directory\.\n {2}→ .*TMPDIR.*\[demo_directory_unusable\]/);
    expect(readdirSync(temporary)).toEqual([`github-flows-demo-${process.getuid?.() ?? 0}`]);
  });
});
