import { describe, expect, test } from 'vitest';
import { parseDockerArgs } from '../../src/mounts/flags/docker-args.ts';

const parsed = (...args: unknown[]) => {
  const result = parseDockerArgs(args);
  expect(result.problems).toEqual([]);
  return result.parsed;
};

const problems = (...args: unknown[]) => parseDockerArgs(args).problems;
const codes = (...args: unknown[]) => problems(...args).map(({ code }) => code);

describe('every known flag', () => {
  test('every known flag is read with its value, in each form that docker run takes', () => {
    const forms = [['--memory', '2g'], ['--memory=2g'], ['-m', '2g'], ['-m2g'], ['-m=2g']];
    for (const form of forms) expect(parsed(...form).memoryBytes).toBe(2 * 1024 ** 3);
  });

  test('arrives in the parsed arguments', () => {
    expect({
      ...parsed('--cpus', '1.5', '--pids-limit=64', '--shm-size', '256m', '--ulimit', 'nofile=1024:2048'),
    }).toMatchObject({
      cpus: 1.5,
      pids: 64,
      shmSizeBytes: 268_435_456,
      ulimits: [{ name: 'nofile', soft: 1024, hard: 2048 }],
    });
    expect(
      parsed(
        '--ulimit',
        'core=0',
        '--add-host',
        'db.local:10.0.0.5',
        '--add-host=six:2001:db8::1',
        '--dns',
        '9.9.9.9',
      ),
    ).toMatchObject({
      ulimits: [{ name: 'core', soft: 0, hard: 0 }],
      addHosts: ['db.local:10.0.0.5', 'six:2001:db8::1'],
      dns: ['9.9.9.9'],
    });
    expect(
      parsed(
        '-u',
        '1000:1001',
        '-w',
        '/workspace/repo/app',
        '--hostname',
        'box.example',
        '--label',
        'team=a=b',
        '--read-only',
      ),
    ).toMatchObject({
      user: '1000:1001',
      workdir: '/workspace/repo/app',
      hostname: 'box.example',
      labels: { team: 'a=b' },
      readOnlyRoot: true,
    });
    expect(parsed('--network', 'none').network).toBe('none');
    expect(parsed('--network=bridge').network).toBe('open');
    expect(parsed('--read-only=false').readOnlyRoot).toBe(false);
  });

  test('every known flag that only says what is always so changes nothing', () => {
    const nothing = parseDockerArgs([]).parsed;
    const args = [
      '--init',
      '--init=true',
      '--cap-drop',
      'ALL',
      '--cap-drop=cap_net_raw',
      '--security-opt',
      'no-new-privileges',
      '--security-opt=no-new-privileges:true',
    ];
    expect(parseDockerArgs(args.filter((arg) => arg !== '--init=true')).parsed).toEqual(nothing);
    expect(codes('--init', '--init')).toEqual(['docker_flag_repeated']);
  });

  test('every known flag in a glued short form keeps its whole value', () => {
    expect(
      parsed('-eA=b=c', '-e=B=', '-u1000:1000', '-w/srv', '-v/srv/a:/a:ro', '-v=/srv/b:/b:ro'),
    ).toMatchObject({
      env: { A: 'b=c', B: '' },
      user: '1000:1000',
      workdir: '/srv',
      mounts: [
        { source: '/srv/a', target: '/a', readOnly: true, asWritten: '-v/srv/a:/a:ro' },
        { source: '/srv/b', target: '/b', readOnly: true, asWritten: '-v=/srv/b:/b:ro' },
      ],
    });
  });

  test('every known flag with one dash where two belong is told so, and never read as a letter with a value', () => {
    for (const arg of [
      '-env=A=b',
      '-memory=2g',
      '-user=1:1',
      '-volume=/a:/b',
      '-workdir=/x',
      '-mount',
      '-network=none',
    ]) {
      expect(problems(arg)[0]).toMatchObject({
        code: 'docker_flag_unknown',
        hint: expect.stringContaining('two dashes'),
      });
    }
  });

  test('every known flag that takes one value may stand once', () => {
    for (const [flag, value] of [
      ['--memory', '1g'],
      ['--cpus', '1'],
      ['--pids-limit', '9'],
      ['--shm-size', '1m'],
      ['--network', 'none'],
      ['--user', '1:1'],
      ['--workdir', '/x'],
      ['--hostname', 'x'],
    ] as const) {
      expect(codes(flag, value, flag, value)).toEqual(['docker_flag_repeated']);
    }
    expect(codes('-m', '1g', '--memory=2g')).toEqual(['docker_flag_repeated']);
    expect(codes('--read-only', '--read-only=false')).toEqual(['docker_flag_repeated']);
  });

  test('every known flag that takes many names each once', () => {
    expect(codes('-e', 'A=1', '-e', 'A=2')).toEqual(['docker_flag_repeated']);
    expect(codes('--label', 'a=1', '--label', 'a=2')).toEqual(['docker_flag_repeated']);
    expect(codes('--ulimit', 'nofile=1', '--ulimit', 'nofile=2')).toEqual(['docker_flag_repeated']);
    expect(codes('-e', 'A=1', '-e', 'B=2', '--label', 'a=1', '--label', 'b=2')).toEqual([]);
  });
});

describe('a value that weakens is an error', () => {
  test.each([
    ['--memory', '0'],
    ['--memory', '-1'],
    ['--memory', '0m'],
    ['--memory=0.0g'],
    ['-m0'],
    ['-m-1'],
    ['--pids-limit', '0'],
    ['--pids-limit', '-1'],
    ['--pids-limit=-1'],
    ['--cpus', '0'],
    ['--cpus=0.0'],
    ['--shm-size', '0'],
    ['--init=false'],
    ['--user', '0:0'],
    ['--user', '0:1000'],
    ['--user', '1000:0'],
    ['--user', '00:1000'],
    ['-u1000:00'],
    ['--user', 'root'],
    ['--user', 'root:root'],
    ['-u', '0'],
    ['--user', '1000:root'],
    ['--security-opt', 'seccomp=unconfined'],
    ['--security-opt', 'no-new-privileges:false'],
    ['--security-opt=apparmor=unconfined'],
    ['--security-opt', 'label=disable'],
    ['--security-opt', 'systempaths=unconfined'],
    ['--ulimit', 'nofile=-1'],
    ['--ulimit', 'nproc=unlimited'],
    ['--ulimit', 'rtprio=99'],
    ['--ulimit', 'nice=40'],
    ['--ulimit', 'nofile=1:9999999999'],
    ['--tmpfs', '/x:size=0'],
    ['--mount', 'type=tmpfs,dst=/x,tmpfs-size=0'],
  ])('%s %s', (...args) => {
    expect(codes(...args)).toEqual(['docker_flag_weakens']);
  });

  test.each([
    ['--user', '1000'],
    ['--user', 'user:user'],
    ['--user', '1000:'],
    ['--user', ':1000'],
    ['--user', '-1:-1'],
    ['--user', '1000:1000:1'],
    ['--user', '4294967295:1'],
    ['--user', '1e3:1e3'],
    ['--user', ''],
    ['--user', '1000 :1000'],
  ])('%s %s has not both numbers', (...args) => {
    expect(codes(...args)).toEqual(['docker_flag_value_invalid']);
  });
});

describe('a value that the flag does not take is an error that says the right form', () => {
  test.each([
    ['--memory', '2gib2'],
    ['--memory', '1m'],
    ['--memory', '9000000p'],
    ['--memory='],
    ['--memory', '512 mb ram'],
    ['--cpus', 'two'],
    ['--cpus', '1/2'],
    ['--cpus', '0.001'],
    ['--cpus', '1e3'],
    ['--cpus', 'NaN'],
    ['--cpus=1.'],
    ['--pids-limit', '1.5'],
    ['--pids-limit', '99999999'],
    ['--pids-limit', '0x10'],
    ['--ulimit', 'files=10'],
    ['--ulimit', 'nofile'],
    ['--ulimit', 'nofile=a'],
    ['--ulimit', 'nofile=20:10'],
    ['--ulimit', 'nofile=1:2:3'],
    ['--ulimit', 'constructor=1'],
    ['--network', 'host'],
    ['--network', 'container:abc'],
    ['--network', 'default'],
    ['--network', 'name=bridge,ip=1.2.3.4'],
    ['--network='],
    ['--add-host', 'x'],
    ['--add-host', 'x:host-gateway'],
    ['--add-host', 'x=host-gateway'],
    ['--add-host', 'x:127.0.0.1'],
    ['--add-host', 'x:::1'],
    ['--add-host', 'x:[::1]'],
    ['--add-host', 'x:169.254.169.254'],
    ['--add-host', 'x:::ffff:127.0.0.1'],
    ['--add-host', 'x:::ffff:a9fe:a9fe'],
    ['--add-host', 'x:0.0.0.0'],
    ['--add-host', 'x:fe80::1'],
    ['--add-host', 'x:::127.0.0.1'],
    ['--add-host', 'x:0:0:0:0:0:0:0:1'],
    ['--add-host', 'x:64:ff9b::a9fe:a9fe'],
    ['--add-host', 'x:fd00:ec2::254'],
    ['--add-host', 'x:fe80::1%eth0'],
    ['--add-host', 'x:0177.0.0.1'],
    ['--add-host', 'x:2130706433'],
    ['--add-host', ':1.2.3.4'],
    ['--add-host', 'a b:1.2.3.4'],
    ['--add-host', 'x:example.org'],
    ['--dns', 'example.org'],
    ['--dns', '127.0.0.53'],
    ['--dns', '169.254.169.253'],
    ['--dns', ''],
    ['--hostname=-x'],
    ['--hostname', 'a b'],
    ['--hostname', 'a..b'],
    ['--hostname', 'x'.repeat(65)],
    ['--hostname', 'a/b'],
    ['--hostname='],
    ['--label', '=x'],
    ['--label', 'github-flows=1'],
    ['--label', 'github-flows.run=1'],
    ['--label', 'GitHub-Flows.run=1'],
    ['--label', 'com.docker.compose.project=x'],
    ['--label', 'a b=1'],
    ['--read-only=yes'],
    ['--read-only=1'],
    ['--read-only='],
    ['--init=maybe'],
    ['--cap-drop', 'EVERYTHING'],
    ['--cap-drop='],
    ['--security-opt', 'whatever'],
    ['--security-opt='],
    ['-e', 'A'],
    ['-eA'],
    ['--env=HOME'],
  ])('%s %s', (...args) => {
    const [problem, ...more] = problems(...args);
    expect(more).toEqual([]);
    expect(problem?.code).toBe('docker_flag_value_invalid');
    expect(problem?.hint).not.toBe('');
  });

  test('the message about a variable never shows its value', () => {
    const [problem] = problems('-e', 'LD_PRELOAD=hunter2-secret');
    expect(problem?.code).toBe('env_name_refused');
    expect(JSON.stringify(problem)).not.toContain('hunter2');
    expect(JSON.stringify(problems('--unknown=hunter2-secret'))).not.toContain('hunter2');
  });
});

describe('every other flag is an error that names it', () => {
  test.each([
    ['--privileged', /capabilities/],
    ['--cap-add', /capabilities/],
    ['--pid', /namespace/],
    ['--ipc', /shm-size/],
    ['--device', /device/i],
    ['--volumes-from', /--mount/],
    ['--env-file', /runtime\.env/],
    ['--entrypoint', /handler\.command/],
    ['--rm', /itself/],
    ['-d', /itself/],
    ['-it', /terminal/],
    ['-i', /standard input/],
    ['-t', /terminal/],
    ['--name', /--label/],
    ['--restart', /once/],
    ['--gpus', /device/i],
    ['--runtime', /policy/],
    ['--userns', /namespace/],
    ['--cgroup-parent', /--memory/],
    ['--memory-swap', /--memory/],
    ['--oom-kill-disable', /--memory/],
    ['--net', /runtime\.network/],
    ['-p', /outside/],
    ['--publish', /outside/],
    ['--group-add', /group/],
    ['--sysctl', /Kernel/],
    ['-h', /--hostname/],
    ['-l', /--label/],
    ['--mem', /--memory/],
    ['--vol', /--volume/],
    ['--memroy', /Did you mean --memory/],
    ['--frobnicate', /Remove it/],
    ['--Privileged', /.+/],
    ['--constructor', /.+/],
    ['--__proto__', /.+/],
  ])('%s says what to do instead', (flag, advice) => {
    const [problem] = problems(`${flag}`);
    expect(problem).toMatchObject({ code: 'docker_flag_unknown', index: 0 });
    expect(problem?.message).toContain(flag.slice(0, flag.startsWith('--') ? undefined : 2));
    expect(problem?.hint).toMatch(advice);
  });

  test('an image, a command or `--` is reported where it belongs', () => {
    for (const arg of ['alpine', 'bash', '--', '-', '', ' --memory', '—privileged']) {
      expect(codes(arg)).toEqual(['docker_arg_not_a_flag']);
    }
    expect(problems('--read-only', 'true')[0]).toMatchObject({
      index: 1,
      hint: expect.stringContaining('--read-only=true'),
    });
  });

  test('a flag never swallows the next flag as its value', () => {
    expect(codes('--memory', '--privileged')).toEqual(['docker_flag_value_missing', 'docker_flag_unknown']);
    expect(codes('-e', '-it')).toEqual(['docker_flag_value_missing', 'docker_flag_unknown']);
    expect(codes('--mount')).toEqual(['docker_flag_value_missing']);
  });
});

describe('arguments that nobody can read', () => {
  test('arguments that nobody can read hold control characters, and each of them is refused', () => {
    for (let code = 0; code < 0xa0; code += 1) {
      if (code >= 0x20 && code < 0x7f) continue;
      const character = String.fromCharCode(code);
      expect(codes(`--label=a=${character}`)).toEqual(['docker_arg_unreadable']);
      expect(codes('-e', `A=x${character}y`)).toEqual(['docker_arg_unreadable']);
      expect(codes('--mount', `type=bind,src=/srv/a,dst=/a,readonly${character}`)).toEqual([
        'docker_arg_unreadable',
      ]);
    }
    expect(codes('-e', 'A=\ud800')).toEqual(['docker_arg_unreadable']);
    expect(codes('-e', `A=${'x'.repeat(40_000)}`)).toEqual(['docker_arg_unreadable']);
  });

  test('arguments that nobody can read are no text', () => {
    for (const value of [512, null, true, ['--rm'], {}, undefined, 1n]) {
      expect(codes(value)).toEqual(['docker_arg_not_text']);
      expect(codes('--memory', value)).toEqual(['docker_arg_not_text']);
    }
  });

  test('a thousand arguments are read, and each error has its place; more are not read', () => {
    const found = problems(...Array.from({ length: 1000 }, () => '--privileged'));
    expect(found.map(({ index }) => index)).toEqual(found.map((_problem, index) => index));
    expect(found).toHaveLength(1000);
    const many = parseDockerArgs(Array.from({ length: 1_000_000 }, () => '--privileged')).problems;
    expect(many).toMatchObject([{ code: 'docker_args_too_many' }]);
  });
});

test('names that are special to JavaScript are names like others', () => {
  const { env, labels } = parsed('-e', '__proto__=x', '-e', 'constructor=y', '--label', 'constructor=z');
  expect(Object.entries(env)).toEqual([
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
  expect(Object.keys(labels)).toEqual(['constructor']);
});

test.each([
  'LD_PRELOAD',
  'LD_LIBRARY_PATH',
  'PATH',
  'NODE_OPTIONS',
  'BASH_ENV',
  'ENV',
  'PYTHONSTARTUP',
  'PYTHON_X_STARTUP',
  'PYTHONPATH',
  'GIT_SSH_COMMAND',
  'GIT_DIR',
  'GIT_CONFIG_COUNT',
  'GIT_CONFIG_SYSTEM',
  'GIT_AUTHOR_NAMES',
  'DOCKER_HOST',
  'DOCKER_CONFIG',
  'PERL5OPT',
  'RUBYOPT',
  'JAVA_TOOL_OPTIONS',
  'BASH_FUNC_x',
  'GITHUB_FLOWS_RUN_ID',
])('the environment variable %s is refused', (name) => {
  expect(codes('-e', `${name}=x`)).toEqual(['env_name_refused']);
});

test.each([
  'GIT_AUTHOR_NAME',
  'GIT_AUTHOR_EMAIL',
  'GIT_COMMITTER_DATE',
  'LOG_LEVEL',
  'GH_TOKEN_FILE',
  'PATHS',
  'MY_PATH',
  'ENVIRONMENT',
  'PYTHONUNBUFFERED',
  'HTTPS_PROXY',
  'L',
  '_',
])('the environment variable %s is free', (name) => {
  expect(codes('-e', `${name}=x`)).toEqual([]);
});

test.each(['', '1A', 'A-B', 'A B', 'Ä', 'A.B', 'x'.repeat(300)])('%j is no name of a variable', (name) => {
  expect(codes('-e', `${name}=x`)).toEqual(['env_name_invalid']);
});
