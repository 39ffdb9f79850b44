import fc from 'fast-check';
import type { FragmentSettings } from '../../../src/profiles/read/fragment.ts';

/** What a profile is made of that somebody wrote who means harm, or who is not careful. */
export type HostileProfile = {
  runtime: NonNullable<NonNullable<FragmentSettings['execution']>['runtime']> & { image: string };
  handler: { type: 'agent' | 'shell'; command: string[]; args: string[] };
  codex: boolean;
};

/** A token of a known shape; it may never get as far as a container's options. */
export const WRITTEN_TOKEN = 'ghp_0123456789abcdefghijklmnopqrstuvwxyz';

type Words = fc.Arbitrary<string>;

/** Paths of the host for binds: what may be mounted, and what may not. */
type Sources = { fine: readonly string[]; hostile: readonly string[] };

/** Mostly what is fine, so that much of what is generated gets as far as a container, and now and then what is not. */
const mostly = (fine: readonly string[], hostile: readonly string[]): Words =>
  fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...fine) },
    { weight: 1, arbitrary: fc.constantFrom(...hostile) },
  );

const limit = mostly(['512m', '2g', '64', '1'], ['0', '-1', 'max', '9999999999999999', '', '1e9', '٣', '8g']);
const count = mostly(['1', '2', '64', '512'], ['0', '-1', '00', 'max', '4097', '5000000', '1e3', '0x10']);
const user = mostly(
  ['1000:1000', '1:1', '65534:65534'],
  ['0:0', '1000:0', '0:1000', '00:01', 'root', 'root:root', '1000', '4294967296:1', '-1:-1', ':', '1:1:0'],
);
const variable = mostly(
  ['A', 'CI', 'GIT_AUTHOR_NAME', 'HOME', 'TERM', '__proto__', 'constructor', 'https_proxy', 'GH_TOKEN_FILE'],
  [
    'PATH',
    'LD_PRELOAD',
    'GIT_DIR',
    'GIT_CONFIG_SYSTEM',
    'GITHUB_FLOWS_RUN_ID',
    'NODE_OPTIONS',
    'BASH_ENV',
  ].concat([
    'npm_config_PREFIX',
    'NPM_CONFIG_node_options',
    'DOCKER_HOST',
    'A B',
    'A=B',
    '',
    '1A',
    'ENV',
    'LD_',
    'é',
    'IFS',
  ]),
);
const text = mostly(
  ['x', '', 'a=b', '/home/user', '/data', '0', '$(id)', 'ünï\n'],
  [
    WRITTEN_TOKEN,
    `Bearer ${WRITTEN_TOKEN}`,
    '/etc',
    '/run/github-flows',
    '/workspace',
    'a\0b',
    '..',
    '/home/user/../..',
  ],
);
const target = mostly(
  ['/data', '/a', '/a/b', '/home/user', '/home/user/cache', '/tmp', '/workspace/cache', '/tmp/x'],
  [
    '/',
    '/etc',
    '/run',
    '/run/secrets',
    '/run/secrets/x',
    '/workspace',
    '/workspace/repo',
    '/usr/bin',
    '/a/../etc',
  ].concat([
    '/a/',
    'rel',
    '/lib64',
    '/proc',
    '/run/github-flows',
    '/home/user/.codex',
    '/etc/profile.d/github-flows.sh',
  ]),
);
const ADDRESSES = ['9.9.9.9', '10.0.0.1', '2606:4700::1'];
const OWN_ADDRESSES = [
  '127.0.0.1',
  '::1',
  '169.254.169.254',
  'host-gateway',
  '::ffff:7f00:1',
  '0.0.0.0',
  'fe80::1%eth0',
];
const address = mostly(ADDRESSES, OWN_ADDRESSES);

const pair = (flags: readonly string[], value: Words): fc.Arbitrary<string[]> =>
  fc
    .tuple(fc.constantFrom(...flags), value)
    .map(([flag, word]) => (flag.endsWith('=') ? [flag + word] : [flag, word]));

/** Flags of docker that loosen something; none may pass, and none may change what leaves. */
const LOOSENING =
  '--privileged --cap-add=ALL --pid=host --ipc=host --uts=host --userns=host --cgroupns=host --device=/dev/sda -p=80:80 -P --publish=1:1 --security-opt=seccomp=unconfined --security-opt=no-new-privileges:false --restart=always --volumes-from=x --runtime=runc --group-add=0 --init=false --memory-swap=-1 --oom-kill-disable --entrypoint=sh --sysctl=a=b --gpus=all --env-file=/etc/passwd --log-driver=none --use-api-socket -it -- --'
    .split(' ')
    .map((word) => [word]);

function flagWords(sources: Sources): fc.Arbitrary<string[]> {
  const source = mostly(sources.fine, sources.hostile);
  const bind = (form: (from: string, to: string, rest: string) => string, rest: Words) =>
    fc.tuple(source, target, rest).map(([from, to, end]) => form(from, to, end));
  const binds = [
    pair(
      ['--mount', '--mount='],
      bind(
        (from, to, end) => `type=bind,src=${from},dst=${to}${end}`,
        mostly([',readonly', ',ro'], ['', ',readonly=false', ',bind-propagation=shared', ',ro,src=/etc']),
      ),
    ),
    pair(
      ['-v', '--volume='],
      bind((from, to, end) => `${from}:${to}${end}`, mostly([':ro'], ['', ':rw', ':ro,z', ':shared'])),
    ),
  ];
  return fc.oneof(
    { weight: 5, arbitrary: fc.oneof(...binds) },
    {
      weight: 2,
      arbitrary: pair(
        ['-v'],
        fc
          .tuple(mostly(['cache', 'shared'], ['other', 'x/y']), target, mostly([':ro', ''], [':z']))
          .map((parts) => `${parts[0]}:${parts[1]}${parts[2]}`),
      ),
    },
    {
      weight: 2,
      arbitrary: pair(
        ['--tmpfs', '--tmpfs='],
        fc
          .tuple(
            target,
            mostly(
              ['', ':size=1m', ':size=1m,mode=0700'],
              [':size=0', ':exec', ':suid', ':dev', ':mode=4755', ':size=-1'],
            ),
          )
          .map((parts) => parts.join('')),
      ),
    },
    {
      weight: 2,
      arbitrary: pair(
        ['-e', '--env='],
        fc.tuple(variable, text).map((parts) => parts.join('=')),
      ),
    },
    pair(['--memory', '-m', '--shm-size='], limit),
    pair(['--cpus', '--pids-limit='], count),
    pair(['--user', '-u'], user),
    pair(
      ['--network', '--network='],
      mostly(['none', 'bridge', 'inner'], ['host', 'container:x', 'default', 'outer', '']),
    ),
    pair(
      ['--add-host'],
      address.map((ip) => `h:${ip}`),
    ),
    pair(['--dns'], address),
    pair(
      ['--ulimit'],
      mostly(['nofile=1024:2048', 'nproc=64'], ['nofile=-1', 'nofile=2:1', 'rtprio=9', 'core=unlimited']),
    ),
    pair(
      ['--label'],
      mostly(
        ['team=a', 'constructor=b'],
        ['github-flows.run=x', 'GitHub-Flows.x=y', 'com.docker.x=y', '__proto__=x', `a=${WRITTEN_TOKEN}`],
      ),
    ),
    pair(
      ['--hostname', '--workdir'],
      mostly(['box', '/workspace/repo', '/data'], ['/etc', 'a_b', '-x', '/workspace/..']),
    ),
    fc
      .constantFrom('--read-only', '--init', '--cap-drop=ALL', '--security-opt=no-new-privileges')
      .map((flag) => [flag]),
    fc.constantFrom(...LOOSENING),
    fc.array(fc.oneof(fc.string({ maxLength: 6 }), text), { minLength: 1, maxLength: 2 }),
  );
}

const rarely = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });

/** Profiles whose binds come from `sources`. */
export function hostileProfiles(sources: Sources): fc.Arbitrary<HostileProfile> {
  const keys = fc.record({
    image: mostly(['agent:1', 'registry.example.org/agent:2'], ['other:1', 'agent']),
    memory: rarely(limit),
    cpus: rarely(fc.constantFrom(0.5, 1, 2, 64, 1e-9, 0)),
    pids: rarely(fc.constantFrom(1, 64, 4096, 2 ** 40, 0)),
    shmSize: rarely(limit),
    diskSize: rarely(limit),
    user: rarely(user),
    timeoutSec: rarely(fc.constantFrom(1, 60, 2_000_000)),
    readOnlyRoot: rarely(fc.boolean()),
    ociRuntime: rarely(mostly(['runsc'], ['kata', 'runc'])),
    network: rarely(
      fc.oneof(
        fc.constantFrom('open' as const, 'none' as const),
        fc
          .subarray(['example.org', '@codex', '*.github.com', '127.0.0.1', '*', 'inner.example.org:8443'], {
            maxLength: 3,
          })
          .map((allow) => ({ allow })),
      ),
    ),
    env: rarely(
      fc.array(fc.tuple(variable, text), { maxLength: 2 }).map((pairs) => Object.fromEntries(pairs)),
    ),
    setupScript: rarely(text),
    dockerArgs: fc.array(flagWords(sources), { maxLength: 3 }).map((words) => words.flat()),
  });
  return fc.record({
    runtime: keys.map(
      (all) =>
        Object.fromEntries(
          Object.entries(all).filter(([, value]) => value !== undefined),
        ) as unknown as HostileProfile['runtime'],
    ),
    handler: fc.record({
      type: fc.constantFrom('agent', 'shell'),
      command: fc.array(text, { minLength: 1, maxLength: 2 }),
      args: fc.array(text, { maxLength: 1 }),
    }),
    codex: fc.boolean(),
  });
}
