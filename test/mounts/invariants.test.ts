import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { isInside } from '../../src/base/files.ts';
import { parseDockerArgs } from '../../src/mounts/flags/docker-args.ts';
import type { CheckedMount, DockerArgs } from '../../src/mounts/mount.ts';
import { checkMounts } from '../../src/mounts/rules/check.ts';
import { loadDenyList } from '../../src/mounts/rules/deny-list.ts';
import { makeMountHost } from '../support/profiles/mount-host.ts';
import { size } from '../support/suite/size.ts';

const { root, host, remove } = makeMountHost();
afterAll(remove);
const list = loadDenyList(host);

/** Names in a playground, a few of them links to where no mount may go. */
const LINKS: Record<string, string> = {
  etc: '/etc',
  up: '..',
  top: '/',
  home: join(root, 'home/user'),
  token: join(host.secretsDir, 'gh-token'),
  gone: '/home/nobody-at-all/.ssh/id',
  round: 'round',
  twice: 'etc/ssl',
  work: host.workspaceRoot,
  data: '../data',
  dot: '.',
  proc: '/proc/self/root',
};
mkdirSync(join(root, 'srv/play/deep/.env.d'), { recursive: true });
for (const [name, to] of Object.entries(LINKS)) symlinkSync(to, join(root, 'srv/play', name));
for (const name of ['srv/data/auth.json', 'srv/play/file', 'srv/play/x.enc', 'home/user/.secrets/gh-token'])
  writeFileSync(join(root, name), 'x');

const name = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(...Object.keys(LINKS), 'file', 'deep', 'x.enc', '.env.d', 'missing'),
  },
  fc.constantFrom(
    '.',
    '..',
    '',
    '.ssh',
    '.SSH',
    '.env',
    '.docker',
    'docker.sock',
    '.git-credentials',
    '.netrc',
    'codex',
    'gh-token',
    'service',
    'ｅｔｃ',
    'var',
    'run',
    'etc',
    'home',
    'user',
    '.config',
    'gh',
  ),
  fc.string({ unit: 'grapheme', maxLength: 5 }),
);
const base = fc.constantFrom(
  '/',
  '//',
  '/home',
  '/home/user',
  '/root',
  '/etc',
  '/var/run',
  '/run',
  '/proc/self',
  '/usr',
  '',
  '~',
  '$HOME',
  root,
  `${root}/srv`,
  `${root}/srv/play`,
  `${root}/srv/play`,
  `${root}/srv/play`,
  host.secretsDir,
  host.secretsDir,
  host.varDir,
  `${root}/root`,
);
const source = fc
  .tuple(base, fc.array(name, { maxLength: 4 }))
  .map(([start, names]) => [start, ...names].join('/'));
const target = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '/data',
      '/a',
      '/a/b',
      '/home/user/.codex',
      '/x/.claude',
      '/run/secrets/gh-token',
      '/run/secrets/x',
      '/run/secrets/codex',
      '/tmp',
      '/workspace/cache',
    ),
  },
  fc.constantFrom(
    '/',
    '/etc',
    '/run',
    '/run/secrets',
    '/run/secrets/a/b',
    '/workspace',
    '/workspace/repo',
    '/usr/bin',
    '/a/../etc',
    '/a/',
    'rel',
    '/lib64',
    '/proc',
    '/root/.codex',
    '/run/github-flows',
  ),
  source,
);
const readonly = fc.constantFrom(
  '',
  ',readonly',
  ',ro',
  ',readonly=true',
  ',readonly=false',
  ',ro,z',
  ',src=/etc',
  ',bind-propagation=shared',
);
const number = fc.oneof(
  fc.constantFrom('0', '-1', '1', '00', '512m', '2g', '1.5', 'max', '9999999999999999'),
  fc.string({ maxLength: 4 }),
  fc.integer().map(String),
);
const user = fc.tuple(number, fc.constantFrom(':', '', '::'), number).map((parts) => parts.join(''));
const address = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.constantFrom('127.0.0.1', '::1', '169.254.169.254', 'host-gateway', '::ffff:7f00:1', '10.0.0.1'),
);
const value = fc.oneof(
  fc.tuple(source, target, readonly).map(([from, to, rest]) => `type=bind,src=${from},dst=${to}${rest}`),
  fc
    .tuple(source, target, fc.constantFrom('', ':ro', ':rw', ':ro,z', ':ro:ro'))
    .map(([from, to, rest]) => `${from}:${to}${rest}`),
  fc
    .tuple(target, fc.constantFrom('', ':size=1m', ':size=0', ':exec', ':mode=4755'))
    .map((parts) => parts.join('')),
  number,
  user,
  address,
  fc.constantFrom(
    'none',
    'bridge',
    'host',
    'container:x',
    'true',
    'false',
    'nofile=1:2',
    'nofile=-1',
    'rtprio=9',
    'seccomp=unconfined',
    'no-new-privileges',
    'no-new-privileges:false',
    'LD_PRELOAD=x',
    'A=b',
    'PATH=x',
    'github-flows.run=x',
  ),
  address.map((ip) => `h:${ip}`),
);
const flag = fc.constantFrom(
  '--mount',
  '--mount',
  '--mount',
  '--volume',
  '-v',
  '-v',
  '--tmpfs',
  '-e',
  '--env',
  '-m',
  '--memory',
  '--cpus',
  '--pids-limit',
  '--shm-size',
  '--ulimit',
  '--network',
  '--add-host',
  '--dns',
  '-u',
  '--user',
  '-w',
  '--workdir',
  '--hostname',
  '--label',
  '--read-only',
  '--cap-drop',
  '--security-opt',
  '--init',
  '--privileged',
  '--pid',
  '--device',
  '-it',
  '--',
);
/** Flags with a value that suits them, so that much of what is generated gets as far as the checks of the host. */
const mountWords = fc.oneof(
  fc
    .tuple(fc.constantFrom('--mount', '--mount='), source, target, fc.constantFrom(',readonly', ',ro', ''))
    .map(([start, from, to, rest]) => [start, `type=bind,src=${from},dst=${to}${rest}`]),
  fc
    .tuple(fc.constantFrom('-v', '--volume=', '-v='), source, target, fc.constantFrom(':ro', ':ro', ''))
    .map(([start, from, to, rest]) => [start, `${from}:${to}${rest}`]),
  fc.tuple(fc.constantFrom('--tmpfs', '--tmpfs='), target).map(([start, to]) => [start, `${to}:size=1m`]),
);
const fittingWords = fc.oneof(
  user.map((text) => ['--user', text]),
  fc.tuple(fc.constantFrom('--memory', '--cpus', '--pids-limit', '--shm-size'), number),
  fc
    .tuple(fc.constantFrom('nofile', 'rtprio', 'cpu'), number, number)
    .map((parts) => ['--ulimit', `${parts[0]}=${parts[1]}:${parts[2]}`]),
  fc.constantFrom('none', 'bridge', 'host', 'x').map((text) => ['--network', text]),
  address.map((text) => ['--add-host', `h:${text}`]),
  address.map((text) => ['--dns', text]),
  fc.constantFrom('A', 'PATH', 'LD_PRELOAD', 'GIT_DIR').map((text) => ['-e', `${text}=x`]),
  target.map((text) => ['--workdir', text]),
);
const glued = (words: readonly string[]): string[] =>
  /=$/.test(words[0] ?? '') ? [words.join('')] : [...words];
const words = fc.oneof(
  { weight: 8, arbitrary: mountWords.map(glued) },
  { weight: 4, arbitrary: fittingWords },
  fc.tuple(flag, value),
  fc.tuple(flag, value).map(([name, text]) => [`${name}=${text}`]),
  fc.tuple(flag, value).map(([name, text]) => [`${name}${text}`]),
  fc.array(fc.oneof(value, fc.anything()), { maxLength: 2 }),
);
const dockerArgs = fc.array(words, { maxLength: 3 }).map((parts): unknown[] => parts.flat());

/** What must hold of everything that has no problem; written with other means than the code uses. */
const INVARIANTS: Record<string, (args: DockerArgs, mounts: readonly CheckedMount[]) => boolean> = {
  'no user or group is root': ({ user }) => user === undefined || /^[1-9]\d*:[1-9]\d*$/.test(user),
  'no limit is none': ({ memoryBytes = 1, cpus = 1, pids = 1, shmSizeBytes = 1, ulimits }) =>
    [memoryBytes, cpus, pids, shmSizeBytes].every((limit) => limit > 0 && limit < 2 ** 53) &&
    ulimits.every(({ soft, hard }) => soft >= 0 && soft <= hard && hard < 2 ** 53),
  'the network is open or none': ({ network }) =>
    network === undefined || network === 'open' || network === 'none',
  'no name leads to the host itself': ({ addHosts, dns }) =>
    ![...addHosts.map((text) => text.replace(/^[^:]*:/, '')), ...dns].some(isHere),
  'no variable changes how programs load': ({ env }) =>
    !Object.keys(env).some((key) => /^(LD_|PATH$|NODE_OPTIONS$)/.test(key)),
  'no label is ours': ({ labels }) => !Object.keys(labels).some((key) => key.startsWith('github-flows')),
  'every destination is normal and free': (_args, mounts) =>
    mounts.every(({ kind, target }) =>
      kind === 'credential'
        ? /^\/run\/secrets\/[A-Za-z0-9][\w.-]*$/.test(target)
        : /^(\/[^/]+)+$/.test(target) &&
          !/\/\.\.?(\/|$)/.test(target) &&
          !/^\/(bin|boot|dev|etc|lib[^/]*|proc|root|run|sbin|sys|usr|var|workspace\/repo)(\/|$)|^\/workspace$/.test(
            target,
          ),
    ),
  'no destination holds another': (_args, mounts) =>
    mounts.every((one, index) =>
      mounts.every((other, at) => at === index || !isInside(one.target, other.target)),
    ),
  'what is bound is read-only': (_args, mounts) =>
    mounts.every((mount) => mount.kind !== 'bind' || mount.readOnly),
  'no source is denied, as written or really': (_args, mounts) =>
    mounts.every((mount) => isSourceless(mount) || !isForbidden(mount)),
  'no source that is there hides its real path': (_args, mounts) =>
    mounts.every((mount) => isSourceless(mount) || realSource(mount) === realOf(mount)),
  'no login is bound': (_args, mounts) =>
    mounts.every((mount) => mount.kind !== 'bind' || !/auth\.json|\/srv\/data$/.test(mount.realSource)),
};

/** Whether an address means the machine itself or its link; a URL writes every IPv6 address in one form. */
function isHere(address: string): boolean {
  if (!address.includes(':')) return /^(0|127|169\.254)\./.test(address);
  return /^\[::(ffff:)?(1?|(7f..|a9fe|0):[0-9a-f]{1,4})\]$/.test(new URL(`http://[${address}]`).hostname);
}

const realSource = (mount: CheckedMount): string =>
  mount.kind === 'bind' ? mount.realSource : 'source' in mount ? mount.source : '';

const isSourceless = ({ kind }: CheckedMount): boolean => kind === 'tmpfs';

/** The real path by the kernel's own means, as far as it is there; whoever copies a credential file refuses a link of its name, so there only the way to it counts. */
function realOf(mount: CheckedMount): string {
  const whole = realSource(mount);
  for (let path = mount.kind === 'credential' ? dirname(whole) : whole; ; path = dirname(path)) {
    try {
      return join(realpathSync(path), whole.slice(path.length));
    } catch {}
  }
}

function isForbidden(mount: CheckedMount): boolean {
  const path = realSource(mount);
  const allowed = ['gh-token', 'codex', 'claude', 'gemini'].some(
    (copy) => /\.secrets$/.test(dirname(path)) && path.endsWith(`/${copy}`),
  );
  const holds = (place: string) => isInside(path, place);
  const inside = (place: string) => isInside(place, path);
  return (
    [
      '/',
      '/usr',
      '/bin',
      '/sbin',
      '/var',
      '/home',
      '/root',
      '/home/user',
      '/var/lib/docker',
      '/var/lib/containerd',
      ...host.homes,
      host.varDir,
    ].some(holds) ||
    ['/etc', '/proc', '/sys', '/dev', '/boot', '/run', '/var/run', '/var/lib/docker', ...host.appDirs].some(
      inside,
    ) ||
    (inside(host.secretsDir) && !allowed) ||
    (/\/\.secrets(\/|$)/.test(path) && !allowed) ||
    /\/(\.ssh|\.gnupg|\.aws|\.kube|\.docker|\.env|\.env\.[^/]*|[^/]*\.enc|\.netrc|\.npmrc|\.pypirc|\.git-credentials|docker\.sock)(\/|$)/i.test(
      path,
    ) ||
    /^\/home\/[^/]+(\/\.config)?$/.test(path)
  );
}

test('whatever dockerArgs says, what passes keeps every invariant', { timeout: 280_000 }, () => {
  let mounted = 0;
  fc.assert(
    fc.property(dockerArgs, (args) => {
      const { parsed, problems } = parseDockerArgs(args);
      if (problems.length > 0) return;
      const checked = checkMounts(parsed.mounts, host, list);
      mounted += checked.mounts.length;
      const broken = Object.entries(INVARIANTS).filter(([, holds]) => !holds(parsed, checked.mounts));
      expect(broken.map(([words]) => words)).toEqual([]);
    }),
    { numRuns: size(1000, 100_000) },
  );
  expect(mounted).toBeGreaterThan(size(20, 2000));
});
