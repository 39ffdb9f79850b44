import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { expect, test } from 'vitest';
import type { PlanMount } from '../../src/containers/plan.ts';
import {
  type ContainerRun,
  containerRun,
  engine,
  type PlanChanges,
  runAs,
} from '../support/engine/container-run.ts';

const docker = new Docker();

/** Runs `script` in a container of its own and leaves nothing. */
async function inContainer(
  script: string,
  work: (run: ContainerRun) => Promise<void>,
  changes: PlanChanges = {},
  serverUrl?: string,
): Promise<void> {
  const run = containerRun(script, changes, serverUrl);
  try {
    await work(run);
  } finally {
    await run.dispose();
  }
}

/** What `script` prints on standard output when it succeeds. */
async function printed(
  script: string,
  changes: PlanChanges = {},
  prepare: (run: ContainerRun) => void = () => {},
): Promise<string> {
  let text = '';
  await inContainer(
    script,
    async (run) => {
      prepare(run);
      const end = await run.run();
      text = await run.text('stdout');
      expect({ ...end, stderr: await run.text('stderr') }).toMatchObject({ endedBy: 'exit', exitCode: 0 });
    },
    changes,
  );
  return text;
}

const codexState: PlanMount = {
  type: 'bind',
  kind: 'agent-state',
  source: '/nowhere/codex',
  target: '/home/user/.codex',
  readOnly: true,
  asWritten: '--mount …',
  name: 'codex',
  variable: 'CODEX_HOME',
};

function writeSecret(run: ContainerRun, path: string, content: string): void {
  const file = join(run.secrets, path);
  mkdirSync(join(file, '..'), { recursive: true, mode: 0o755 });
  writeFileSync(file, content, { mode: 0o644 });
}

test('an agent has no capability, no new privilege, a seccomp filter, its own user, and an init above it', async () => {
  const text = await printed(
    'grep -E "^(Cap|NoNewPrivs|Seccomp:|Uid|Gid)" /proc/self/status; cat /proc/1/comm',
  );
  expect(text.match(/^Cap(Inh|Prm|Eff|Bnd|Amb):\t0{16}$/gm)).toHaveLength(5);
  expect(text).toContain('NoNewPrivs:\t1\n');
  expect(text).toContain('Seccomp:\t2\n');
  expect(text).toContain(`Uid:\t${`${runAs.uid}\t`.repeat(4).trim()}\n`);
  expect(text).toContain(`Gid:\t${`${runAs.gid}\t`.repeat(4).trim()}\n`);
  expect(text).toMatch(/(docker-init|tini)\n$/);
});

test('limits are what the plan says, in the kernel', async () => {
  const limits = {
    memoryBytes: 200 * 1024 ** 2,
    cpus: 0.5,
    pids: 50,
    shmSizeBytes: 8 * 1024 ** 2,
    ulimits: [{ name: 'nofile', soft: 99, hard: 99 }],
  };
  const read = (v1: string, v2: string) =>
    `cat /sys/fs/cgroup/${v1} 2>/dev/null || cat /sys/fs/cgroup/${v2};`;
  const script = [
    read('memory/memory.limit_in_bytes', 'memory.max'),
    read('pids/pids.max', 'pids.max'),
    read('memory/memory.memsw.limit_in_bytes', 'memory.swap.max'),
    'df -B1 --output=size /dev/shm | tail -1; ulimit -n',
  ].join(' ');
  const [memory, pids, , shm, files] = (await printed(script, { limits })).trim().split('\n');
  expect([memory, pids, shm?.trim(), files]).toEqual([
    String(200 * 1024 ** 2),
    '50',
    String(8 * 1024 ** 2),
    '99',
  ]);
});

test('run files and secrets cannot be written, the workspace can, and its files are the run’s own', async () => {
  await inContainer(
    'touch made; for d in /run/github-flows /run/secrets /etc/profile.d/github-flows.sh; do echo x > $d/x || echo x >> $d; done',
    async (run) => {
      await run.run();
      expect(await run.text('stderr')).toMatch(/(Read-only file system|Not a directory)/);
      expect(readFileSync(join(run.dir, 'files/profile.sh'), 'utf8')).not.toContain('x\n\nx');
      const made = statSync(join(run.workspace, 'repo/made'));
      expect({ uid: made.uid, gid: made.gid }).toEqual(runAs);
    },
  );
});

test('the prompt is on standard input, the working directory and the variables are the plan’s', async () => {
  const text = await printed('cat; pwd; echo $HOME $LOG_LEVEL $GIT_CONFIG_SYSTEM; hostname', {
    hostname: 'box',
  });
  expect(text).toBe('the prompt\n/workspace/repo\n/home/user info /run/github-flows/gitconfig\nbox\n');
});

test('the command’s words arrive as they are, and nothing of the start script’s stays in the environment', async () => {
  const words = ['a b', '', '$HOME', '"\'`\\', 'ü\n🦀'];
  const command = [
    'bash',
    '-c',
    'printf "<%s>" "$@"; env | grep -c gf_ ; set | grep "^gf_"; true',
    'sh',
    ...words,
  ];
  expect(await printed('', { command })).toBe(`${words.map((word) => `<${word}>`).join('')}0\n`);
});

test('a profile’s variables named like the script’s own harm nothing', async () => {
  const env = { gf_limit: '1', gf_files: '/tmp', HOME: '/home/user' };
  expect(await printed('echo $gf_files $gf_limit | wc -w', { env })).toBe('2\n');
});

test('the setup script runs first, in /workspace, without the prompt; a failing one is told apart', async () => {
  const setupScript = 'pwd; cat; [[ -n $BASH_VERSION ]] && echo bash > repo/from-setup';
  await inContainer(
    'cat from-setup',
    async (run) => {
      expect(await run.run()).toMatchObject({ exitCode: 0 });
      expect(await run.text('stdout')).toBe('bash\n');
      expect(await run.text('stderr')).toBe('/workspace\n');
    },
    { setupScript },
  );
  await inContainer(
    'echo never',
    async (run) => {
      expect(await run.run()).toMatchObject({
        endedBy: 'exit',
        exitCode: 3,
        startFailure: { stage: 'setup', exitCode: 3 },
      });
      expect(await run.text('stdout')).toBe('');
    },
    { setupScript: 'exit 3' },
  );
});

test('an agent that exits likewise is not taken for its setup', async () => {
  await inContainer('exit 3', async (run) => {
    expect(await run.run()).toMatchObject({ exitCode: 3, startFailure: null });
  });
});

test('a state directory is a private copy that can be written, and CODEX_HOME names it', async () => {
  const script = `set -e; cd "$CODEX_HOME"; pwd; cat auth.json rules/a; echo y > auth.json; echo z > new; stat -c %a .`;
  const text = await printed(script, { mounts: [codexState], readOnlyRoot: true }, (run) => {
    writeSecret(run, 'codex/auth.json', '{}\n');
    writeSecret(run, 'codex/rules/a', 'rule\n');
    chmodSync(join(run.secrets, 'codex/auth.json'), 0o444);
  });
  expect(text).toBe('/home/user/.codex\n{}\nrule\n700\n');
});

test('a state that cannot be copied is told before the agent starts', async () => {
  await inContainer(
    'echo never',
    async (run) => {
      writeSecret(run, 'codex/auth.json', '{}');
      chmodSync(join(run.secrets, 'codex/auth.json'), 0o000);
      const end = await run.run();
      expect(end).toMatchObject({ endedBy: 'exit', exitCode: 125, startFailure: { stage: 'start' } });
      expect(end.startFailure?.text).toBe(
        'the container could not start: the state of codex could not be copied to /home/user/.codex.',
      );
      expect(await run.text('stdout')).toBe('');
    },
    { mounts: [codexState] },
  );
});

test('a missing working directory is told', async () => {
  await inContainer(
    'echo never',
    async (run) => {
      expect((await run.run()).startFailure?.text).toBe(
        "the container could not start: the working directory /workspace/it's gone is not there.",
      );
    },
    { workdir: "/workspace/it's gone" },
  );
});

test('with a read-only root only the workspace, the home and /tmp can be written', async () => {
  const script =
    'for d in /tmp /home/user /workspace / /usr /opt /var/tmp; do touch $d/x 2>/dev/null && echo $d; done; true';
  expect(await printed(script, { readOnlyRoot: true })).toBe('/tmp\n/home/user\n/workspace\n');
});

test('a run directory on a file system that executes nothing starts all the same', async () => {
  const script = "git credential fill <<< $'protocol=https\\nhost=github.com\\n'";
  const text = await printed(script, {}, (run) => {
    for (const name of ['start', 'gh', 'git-credential']) chmodSync(join(run.dir, 'files/bin', name), 0o644);
    writeSecret(run, 'gh-token', 'token-1\n');
  });
  expect(text).toContain('password=token-1\n');
});

test('git gets the token as it is now, for the run’s server only', async () => {
  const ask = (host: string) =>
    `printf 'protocol=https\\nhost=${host}\\n\\n' | GIT_TERMINAL_PROMPT=0 git credential fill 2>&1;`;
  const script = `${ask('github.com')} ${ask('github.com.evil.example')} ${ask('evil.example')} until grep -q new /run/secrets/gh-token; do sleep 0.05; done; ${ask('github.com')} true`;
  await inContainer(script, async (run) => {
    writeSecret(run, 'gh-token', 'the-old-token\r\n');
    const id = await run.start();
    const end = run.supervise(id);
    writeSecret(run, 'next', 'the-new-token\n');
    await expect.poll(() => run.text('stdout'), { timeout: 10_000 }).toContain('the-old-token');
    renameSync(join(run.secrets, 'next'), join(run.secrets, 'gh-token'));
    expect(await end).toMatchObject({ exitCode: 0 });
    const text = await run.text('stdout');
    expect(text.match(/username=x-access-token\npassword=the-(old|new)-token\n/g)).toEqual([
      'username=x-access-token\npassword=the-old-token\n',
      'username=x-access-token\npassword=the-new-token\n',
    ]);
    expect(text.match(/terminal prompts disabled/g)).toHaveLength(2);
  });
});

test('without a token git is told nothing', async () => {
  const script =
    'printf "protocol=https\\nhost=github.com\\n\\n" | /run/github-flows/bin/git-credential get; /run/github-flows/bin/git-credential store </dev/null; echo done';
  expect(await printed(script)).toBe('done\n');
  expect(await printed(script, {}, (run) => writeSecret(run, 'gh-token', '\n'))).toBe('done\n');
});

test('an agent commits without a name of its own, and with one when it has set it', async () => {
  const commit = 'git commit -q --allow-empty -m x; git log -1 --format="%an <%ae>";';
  const script = `git init -q . && ${commit} git config --global user.name Agent; git config user.email a@b; ${commit}`;
  expect(await printed(script, { env: { HOME: '/tmp' } })).toBe(
    'github-flows <github-flows@noreply.invalid>\nAgent <a@b>\n',
  );
});

/** A gh that prints what it was given, in `/tmp/b`. */
const FAKE_GH = `mkdir /tmp/b; echo '#!/bin/sh' > /tmp/b/gh; echo 'echo "$GH_TOKEN|$GH_HOST|$*"' >> /tmp/b/gh; chmod +x /tmp/b/gh;`;

test('gh gets the fresh token in place of an old one, also in a login shell and for another server', async () => {
  const login = `bash -lc 'command -v gh; echo $PATH | cut -d: -f1'`;
  const script = `${FAKE_GH} export GH_TOKEN=old; PATH=/run/github-flows/bin:/tmp/b:$PATH gh a 'b c'; ${login}`;
  const prepare = (run: ContainerRun) => writeSecret(run, 'gh-token', 'fresh\n');
  const ours = '/run/github-flows/bin/gh\n/run/github-flows/bin\n';
  expect(await printed(script, {}, prepare)).toBe(`fresh||a b c\n${ours}`);
  await inContainer(
    script,
    async (run) => {
      prepare(run);
      await run.run();
      expect(await run.text('stdout')).toBe(`fresh|ghe.example.com|a b c\n${ours}`);
    },
    {},
    'https://ghe.example.com',
  );
});

test('gh without a token keeps what the agent has, and an image without gh is told', async () => {
  const bare =
    'mkdir /tmp/c; ln -s /usr/bin/tr /bin/sh /tmp/c; PATH=//run/github-flows/bin/.:/tmp/c gh; echo $?';
  const script = `${FAKE_GH} GH_TOKEN=own PATH=/run/github-flows/bin:/tmp/b:$PATH gh; ${bare}`;
  await inContainer(script, async (run) => {
    await run.run();
    expect(await run.text('stdout')).toBe('own||\n127\n');
    expect(await run.text('stderr')).toBe('github-flows: this image has no gh.\n');
  });
});

test('what docker inspect shows holds no secret, no port, no socket, and the engine’s log is bounded', async () => {
  await inContainer('sleep 60', async (run) => {
    writeSecret(run, 'gh-token', 'the-secret-token');
    const id = await run.start();
    const info = await docker.getContainer(id).inspect();
    const text = JSON.stringify(info);
    expect(text).not.toContain('the-secret-token');
    expect(text).not.toContain('docker.sock');
    expect(info.NetworkSettings.Ports).toEqual({});
    expect(info.HostConfig.LogConfig?.Config).toMatchObject({ 'max-file': '2' });
    expect(info.Mounts.map(({ Destination }) => Destination).toSorted()).toEqual([
      '/etc/profile.d/github-flows.sh',
      '/run/github-flows',
      '/run/secrets',
      '/workspace',
    ]);
    await engine.remove(id);
  });
});

test('a source that is missing is refused by the engine in its own words', async () => {
  const bind = {
    type: 'bind',
    kind: 'bind',
    source: '/nowhere/at/all',
    target: '/data',
    readOnly: true,
    asWritten: null,
  } as const;
  await inContainer(
    'true',
    async (run) => {
      await expect(run.start()).rejects.toMatchObject({
        code: expect.stringMatching(/^(engine_refused|container_not_started)$/),
        message: expect.stringContaining('/nowhere/at/all'),
      });
    },
    { mounts: [bind] },
  );
});
