import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../src/base/secret.ts';
import { renewCredential } from '../../src/credentials/inject/deliver.ts';
import { createRedactor } from '../../src/log/redact.ts';
import { type ContainerRun, containerRun, engine, runAs } from '../support/engine/container-run.ts';
import { baseImage } from '../support/engine/images.ts';
import { makeRepository, type TestRepository } from '../support/git/repository.ts';
import { type GitServer, startGitServer } from '../support/git/server.ts';
import { selfSigned } from '../support/network/certificate.ts';
import { until } from '../support/service/service.ts';

const FIRST = 'the-first-TokenOfTheHelperTest0123456789';
const SECOND = 'the-second-TokenOfTheHelperTest012345678';

let run: ContainerRun | undefined;
afterEach(async () => {
  await run?.dispose();
  run = undefined;
});

/** Puts a token where the run finds it, as a renewal does. */
async function put(to: ContainerRun, token: string): Promise<void> {
  const redactor = createRedactor();
  await renewCredential({
    secretsDir: to.secrets,
    name: 'gh-token',
    value: new Secret(token),
    owner: runAs,
    redactor,
  });
}

describe('git in a container, over HTTPS with basic authentication', () => {
  let dir: string;
  let server: GitServer;
  let repository: TestRepository;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'gf-https-'));
    chmodSync(dir, 0o755);
    mkdirSync(join(dir, 'git'));
    repository = makeRepository(join(dir, 'git'), 'octo', 'hello');
    repository.commit({ 'README.md': '# Hello\n' });
    const certificate = selfSigned('localhost');
    mkdirSync(join(dir, 'net'));
    writeFileSync(join(dir, 'net/ca.pem'), certificate.cert);
    server = await startGitServer(join(dir, 'git'), certificate);
    await server.listenAt(join(dir, 'net/git.sock'));
  });
  afterAll(async () => {
    await server.close();
    rmSync(dir, { recursive: true, force: true });
  });

  test('clones, fetches and pushes through the helper, with whichever token is there at that moment', async () => {
    const { port } = new URL(server.url);
    const script = `set -e
      socat TCP-LISTEN:${port},bind=127.0.0.1,fork,reuseaddr UNIX-CONNECT:/net/git.sock &
      export GIT_SSL_CAINFO=/net/ca.pem GIT_TERMINAL_PROMPT=0
      until socat -u /dev/null TCP:127.0.0.1:${port} 2>/dev/null; do sleep 0.05; done
      cd /workspace
      git clone -q ${server.url}/octo/hello.git clone
      cd clone
      git fetch -q origin
      touch /workspace/first-done
      until [ -e /workspace/go-on ]; do sleep 0.05; done
      git fetch -q origin
      echo more >> README.md
      git commit -qam 'From the run'
      git push -q origin HEAD:refs/heads/from-the-run
      echo pushed by \${GH_TOKEN-nothing} in the environment
      cat .git/config; ! grep -rhs TokenOfTheHelperTest .git`;
    run = containerRun(
      script,
      {
        env: { HOME: '/workspace', GIT_CONFIG_SYSTEM: '/run/github-flows/gitconfig' },
        mounts: [
          {
            type: 'bind',
            kind: 'bind',
            source: join(dir, 'net'),
            target: '/net',
            readOnly: true,
            asWritten: null,
          },
        ],
      },
      server.url,
    );
    const { workspace } = run;
    let good = FIRST;
    server.mood.accepts = (password) => password === good;
    await put(run, FIRST);
    const id = await run.start();
    const ending = run.supervise(id);
    await until('the first half is done', () =>
      existsSync(join(workspace, 'first-done')) ? true : undefined,
    ).catch(async (error: unknown) => {
      throw new Error(`${error}: ${await run?.text('stderr')}`);
    });
    const passwords = () => server.requests.map(({ authorization }) => authorization?.split(':')[1]);
    expect(passwords()).toContain(FIRST);
    const before = server.requests.length;
    good = SECOND;
    await put(run, SECOND);
    writeFileSync(join(workspace, 'go-on'), '');
    const end = await ending;
    await engine.remove(id);
    expect(end, await run.text('stderr')).toMatchObject({ exitCode: 0 });
    expect(new Set(passwords().slice(before))).toEqual(new Set([undefined, SECOND]));
    expect(repository.git('log', '-1', '--format=%s', 'refs/heads/from-the-run')).toBe('From the run');
    const said = `${await run.text('stdout')}${await run.text('stderr')}`;
    expect(said).toContain('pushed by nothing in the environment');
    expect(said).not.toContain('TokenOfTheHelperTest');
  });

  test('is refused without a token, silently falling through to the helper that the agent set up itself', async () => {
    const { port } = new URL(server.url);
    const script = `socat TCP-LISTEN:${port},bind=127.0.0.1,fork,reuseaddr UNIX-CONNECT:/net/git.sock &
      export GIT_SSL_CAINFO=/net/ca.pem GIT_TERMINAL_PROMPT=0
      until socat -u /dev/null TCP:127.0.0.1:${port} 2>/dev/null; do sleep 0.05; done
      git ls-remote ${server.url}/octo/hello.git 2>&1 && exit 1
      git config --global credential.helper '!f() { test "$1" = get && echo username=me && echo password=${FIRST}; }; f'
      git ls-remote ${server.url}/octo/hello.git 2>&1`;
    run = containerRun(
      script,
      {
        env: { HOME: '/workspace', GIT_CONFIG_SYSTEM: '/run/github-flows/gitconfig' },
        mounts: [
          {
            type: 'bind',
            kind: 'bind',
            source: join(dir, 'net'),
            target: '/net',
            readOnly: true,
            asWritten: null,
          },
        ],
      },
      server.url,
    );
    server.mood.accepts = (password) => password === FIRST;
    const end = await run.run();
    const said = await run.text('stdout');
    expect(end, said).toMatchObject({ exitCode: 0 });
    expect(said).toContain('terminal prompts disabled');
    expect(said).toMatch(/[0-9a-f]{40}\trefs\/heads\/main/);
    expect(said).not.toMatch(/sh:|cannot open|No such file/);
  });
});

describe('the helper and gh in any image with a shell', () => {
  const tag = `github-flows-test-busybox:${process.pid}`;
  const env = { PATH: process.env.PATH ?? '' };
  beforeAll(() => {
    const root = mkdtempSync(join(tmpdir(), 'gf-busybox-'));
    mkdirSync(join(root, 'bin'));
    cpSync('/usr/bin/busybox', join(root, 'bin/busybox'), { dereference: true });
    execFileSync('ln', ['-s', 'busybox', join(root, 'bin/sh')]);
    const tar = execFileSync('tar', ['-C', root, '-c', '.'], { maxBuffer: 1e8 });
    execFileSync('docker', ['import', '-', tag], { input: tar, env, stdio: 'pipe' });
    rmSync(root, { recursive: true });
  });
  afterAll(() => void execFileSync('docker', ['rmi', '-f', tag], { env, stdio: 'pipe' }));

  const SHELLS = [
    ['dash', baseImage(), ['dash']],
    ['bash', baseImage(), ['bash', '--posix']],
    ['busybox and nothing else', tag, ['/bin/sh']],
  ] as const;

  /** What the helper answers to each question in turn, complaints among it, in one container; `put` puts a token in place. */
  function ask(
    image: string,
    shell: readonly string[],
    steps: readonly (Question | { put: string })[],
  ): string[] {
    const binds = [`${run?.dir}/files:/run/github-flows:ro`, `${run?.dir}/secrets:/run/secrets`];
    const helper = [...shell, '/run/github-flows/bin/git-credential'].join(' ');
    const script = steps.map((step) =>
      'put' in step
        ? `printf %s ${step.put} >/run/secrets/gh-token`
        : `printf '${step.input.replaceAll('\n', '\\n')}' | ${helper} ${step.what} 2>&1; echo "exit $?;"`,
    );
    const [program = '', ...rest] = shell;
    const command = [
      ...['run', '--rm', '--network', 'none', '--user', `${runAs.uid}:${runAs.gid}`, '--entrypoint', program],
      ...binds.flatMap((bind) => ['-v', bind]),
      ...[image, ...rest, '-c', script.join('\n')],
    ];
    const said = execFileSync('docker', command, { env, stdio: 'pipe' }).toString();
    return said.split('exit 0;\n').slice(0, -1);
  }

  type Question = { what: string; input: string };
  const question =
    'capability[]=authtype\nprotocol=https\nhost=github.com\npath=o/n.git\nwwwauth[]=Basic\n\n';

  test.each(SHELLS)(
    '%s: answers get, and has no word for store, erase, another server or no token',
    (_name, image, shell) => {
      run = containerRun('true');
      const get = { what: 'get', input: question };
      const answers = ask(image, shell, [
        get,
        { put: FIRST },
        get,
        { what: 'store', input: `${question.trim()}\nusername=u\npassword=p\n\n` },
        { what: 'erase', input: question },
        { what: 'get', input: 'protocol=https\nhost=github.com.evil.example\n\n' },
        { what: 'get', input: 'protocol=http\nhost=github.com\n\n' },
        { what: 'get', input: '' },
        { what: '', input: question },
        { what: 'get', input: 'protocol=https\nhost=github.com:8443\n\n' },
        { what: 'get', input: 'protocol=https\nhost=github.com:443\n\n' },
        { put: SECOND },
        get,
      ]);
      const answer = (token: string) => `username=x-access-token\npassword=${token}\n`;
      expect(answers).toEqual([
        ...['', answer(FIRST), '', '', '', '', '', '', ''],
        ...[answer(FIRST), answer(SECOND)],
      ]);
    },
  );

  test('a host is the same one in capital letters', () => {
    run = containerRun('true');
    const input = 'protocol=https\nhost=GitHub.COM\n\n';
    expect(ask(baseImage(), ['dash'], [{ put: FIRST }, { what: 'get', input }])).toEqual([
      `username=x-access-token\npassword=${FIRST}\n`,
    ]);
  });

  test.each(SHELLS)(
    '%s: has no word once the token has ended, and tells git when it does',
    (_name, image, shell) => {
      run = containerRun('true');
      const ended = Math.floor(Date.now() / 1000) - 5;
      const get = { what: 'get', input: question };
      const withEnd = (end: number | string): string[] => {
        writeFileSync(join(run?.dir ?? '', 'files/token-end'), `${end}\n`, { mode: 0o644 });
        return ask(image, shell, [{ put: FIRST }, get]);
      };
      const answer = `username=x-access-token\npassword=${FIRST}\n`;
      expect(withEnd(ended)).toEqual(['']);
      expect(withEnd(ended + 3600)).toEqual([`${answer}password_expiry_utc=${ended + 3600}\n`]);
      expect(withEnd('')).toEqual([answer]);
      expect(withEnd('soon')).toEqual([answer]);
    },
  );

  test('git asks the next helper once the token has ended', async () => {
    run = containerRun(
      `git config --global credential.helper '!f() { test "$1" = get && echo username=me && echo password=${SECOND}; }; f'
       printf 'protocol=https\\nhost=github.com\\n\\n' | git credential fill`,
      { env: { HOME: '/workspace', GIT_CONFIG_SYSTEM: '/run/github-flows/gitconfig' } },
    );
    await put(run, FIRST);
    writeFileSync(join(run.dir, 'files/token-end'), `${Math.floor(Date.now() / 1000) - 5}\n`, {
      mode: 0o644,
    });
    const end = await run.run();
    const said = await run.text('stdout');
    expect(end, said).toMatchObject({ exitCode: 0 });
    expect(said).toContain(`username=me\npassword=${SECOND}\n`);
    expect(said).not.toContain(FIRST);
  });

  test('gh and github-token do not use a token that has ended, and gh has what else it was given', async () => {
    run = containerRun(
      `printf '#!/bin/sh\necho "\${GH_TOKEN-none} \${GITHUB_TOKEN-none} \${GH_ENTERPRISE_TOKEN-none}"\n' > /workspace/gh
       chmod +x /workspace/gh; export PATH=/run/github-flows/bin:/workspace:$PATH
       gh; GH_TOKEN=${FIRST} GITHUB_TOKEN=${FIRST} gh; GH_TOKEN=ghs_fromBefore GH_ENTERPRISE_TOKEN=ghs_fromBefore gh; GH_TOKEN=${SECOND} gh; github-token || echo "exit $?"`,
      {},
      'https://acme.ghe.com',
    );
    await put(run, FIRST);
    const end = Math.floor(Date.now() / 1000) - 5;
    writeFileSync(join(run.dir, 'files/token-end'), `${end}\n`, { mode: 0o644 });
    await run.run();
    expect(await run.text('stdout')).toBe(`${'none none none\n'.repeat(3)}${SECOND} none none\nexit 1\n`);
    expect(await run.text('stderr')).toContain('the one in /run/secrets/gh-token has ended');
  });

  test('gh has the token of the moment, whatever an agent exported before', async () => {
    run = containerRun(
      `export GH_TOKEN=${FIRST}; printf '#!/bin/sh\\necho "$GH_TOKEN"\\n' > /workspace/gh; chmod +x /workspace/gh
       export PATH=/run/github-flows/bin:/workspace:$PATH; gh; touch /workspace/done; until [ -e /workspace/on ]; do sleep 0.05; done; gh`,
    );
    await put(run, FIRST);
    const id = await run.start();
    const ending = run.supervise(id);
    await until('gh was asked once', () =>
      existsSync(join(run?.workspace ?? '', 'done')) ? true : undefined,
    );
    await put(run, SECOND);
    writeFileSync(join(run.workspace, 'on'), '');
    await ending;
    await engine.remove(id);
    expect(await run.text('stdout')).toBe(`${FIRST}\n${SECOND}\n`);
  });
});
