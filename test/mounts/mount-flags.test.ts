import { describe, expect, test } from 'vitest';
import { parseDockerArgs } from '../../src/mounts/flags/docker-args.ts';

const mounts = (...args: string[]) => {
  const { parsed, problems } = parseDockerArgs(args);
  expect(problems).toEqual([]);
  return parsed.mounts;
};
const codes = (...args: string[]) => parseDockerArgs(args).problems.map(({ code }) => code);
const hint = (...args: string[]) => parseDockerArgs(args).problems[0]?.hint ?? '';

describe('--mount', () => {
  test('--mount is read in both forms and with every spelling of its keys', () => {
    const expected = { type: 'bind', source: '/srv/a', target: '/a', readOnly: true };
    for (const keys of [
      'src=/srv/a,dst=/a,readonly',
      'source=/srv/a,target=/a,ro',
      'destination=/a,src=/srv/a,readonly=true',
      'ro=1,dst=/a,src=/srv/a',
    ]) {
      expect(mounts('--mount', `type=bind,${keys}`)).toEqual([
        { ...expected, asWritten: `--mount type=bind,${keys}` },
      ]);
      expect(mounts(`--mount=type=bind,${keys}`)).toEqual([
        { ...expected, asWritten: `--mount=type=bind,${keys}` },
      ]);
    }
    for (const writable of ['', ',readonly=false', ',ro=0']) {
      expect(mounts('--mount', `type=bind,src=/srv/a,dst=/a${writable}`)).toMatchObject([
        { readOnly: false },
      ]);
    }
  });

  test('--mount keeps what is no comma in a path, an equals sign, a colon or a space', () => {
    expect(mounts('--mount', 'type=bind,src=/srv/a=b:c d,dst=/a')).toMatchObject([
      { source: '/srv/a=b:c d' },
    ]);
  });

  test('--mount reads a tmpfs with size and mode', () => {
    expect(mounts('--mount', 'type=tmpfs,dst=/a,tmpfs-size=64m,tmpfs-mode=1777')).toEqual([
      {
        type: 'tmpfs',
        target: '/a',
        sizeBytes: 67_108_864,
        mode: 0o1777,
        asWritten: '--mount type=tmpfs,dst=/a,tmpfs-size=64m,tmpfs-mode=1777',
      },
    ]);
    expect(mounts('--mount', 'type=tmpfs,target=/a')).toMatchObject([{ target: '/a' }]);
  });

  test.each([
    'type=bind,src=/safe,src=/etc,dst=/m',
    'type=bind,src=/safe,source=/etc,dst=/m',
    'type=bind,src=/a,dst=/m,target=/n',
    'type=bind,src=/a,dst=/m,ro,readonly',
    'type=bind,type=bind,src=/a,dst=/m',
    'type=bind,src=/a,b,dst=/m',
    'type=bind,src=/a,dst=/m,',
    ',type=bind,src=/a,dst=/m',
    'type=bind,,src=/a,dst=/m',
    'type=bind,src=/a,dst=/m,bind-propagation=shared',
    'type=bind,src=/a,dst=/m,bind-recursive=enabled',
    'type=bind,src=/a,dst=/m,rw',
    'type=bind,src=/a,dst=/m,consistency=cached',
    'type=bind,src=/a,dst=/m,readonly=maybe',
    'type=bind,src=/a,dst=/m,readonly=',
    'type=bind,src=/a,dst=/m,tmpfs-size=1m',
    'type=tmpfs,dst=/m,src=/a',
    'type=tmpfs,dst=/m,readonly',
    'type=bind,"src=/a",dst=/m',
    `type=bind,src='/a',dst=/m`,
    'type=bind,src=`/a`,dst=/m',
    'type=bind,src=/a"b,dst=/m',
    'type=bind,dst=/m',
    'type=bind,src=/a',
    'src=/a,dst=/m',
    'type=,src=/a,dst=/m',
    'type,src=/a,dst=/m',
    'type=BIND,src=/a,dst=/m',
    'TYPE=bind,src=/a,dst=/m',
    'type=bind,Src=/a,dst=/m',
    'type=bind, src=/a,dst=/m',
    'type=bind,src,dst=/m',
    'type=bind,src=/a,dst',
    'type=tmpfs,dst=/m,tmpfs-size=50%',
    'type=tmpfs,dst=/m,tmpfs-size',
    'type=tmpfs,dst=/m,tmpfs-mode=4755',
    'type=tmpfs,dst=/m,tmpfs-mode=999',
    'type=tmpfs,dst=/m,tmpfs-mode=rwx',
    'type=tmpfs',
    'bind',
    '',
    'type=bind,constructor=x,src=/a,dst=/m',
    'type=bind,__proto__=x,src=/a,dst=/m',
  ])('%j is an error', (value) => {
    expect(codes(`--mount=${value}`)).toEqual(['mount_syntax']);
  });

  test.each([
    'type=volume,src=data,dst=/m',
    'type=image,src=x,dst=/m',
    'type=cluster,src=x,dst=/m',
    'type=npipe,src=x,dst=/m',
    'type=bind,src=/a,dst=/m,volume-opt=o=bind',
    'type=volume,dst=/m,volume-driver=local',
  ])('%s would need a policy', (value) => {
    expect(codes('--mount', value)).toEqual(['docker_flag_needs_policy']);
  });
});

describe('-v', () => {
  test('-v is read with and without ro and rw', () => {
    expect(mounts('-v', '/srv/a:/a')).toEqual([
      { type: 'bind', source: '/srv/a', target: '/a', readOnly: false, asWritten: '-v /srv/a:/a' },
    ]);
    expect(mounts('--volume=/srv/a:/a:rw', '-v/srv/b:/b:ro')).toMatchObject([
      { readOnly: false },
      { source: '/srv/b', readOnly: true },
    ]);
  });

  test.each([
    '/a:/b:ro,z',
    '/a:/b:Z',
    '/a:/b:ro,rw',
    '/a:/b:ro,ro',
    '/a:/b:',
    '/a:/b:ro:rw',
    '/a:/b:/c:ro',
    '/a:/b:nocopy',
    '/a:/b:rshared',
    '/a:/b:RO',
    '/a:/b:ro,',
    '/a,b:/c',
    '/a:/b,c',
    '"/a":/b',
    '/a:/b:cached',
    '/a:/b:U',
  ])('%s is an error', (value) => {
    expect(codes('-v', value)).toEqual(['mount_syntax']);
  });

  test.each(['data:/a', 'data:/a:ro', '/data', 'data', 'my_vol.1:/a', ''])(
    '%j would be a volume',
    (value) => {
      expect(codes(`--volume=${value}`)).toEqual(['docker_flag_needs_policy']);
    },
  );
});

describe('--tmpfs', () => {
  test('--tmpfs is read with every option', () => {
    expect(mounts('--tmpfs', '/a:size=64m,mode=0700,uid=1000,gid=1000', '--tmpfs=/b')).toEqual([
      {
        type: 'tmpfs',
        target: '/a',
        sizeBytes: 67_108_864,
        mode: 0o700,
        uid: 1000,
        gid: 1000,
        asWritten: '--tmpfs /a:size=64m,mode=0700,uid=1000,gid=1000',
      },
      { type: 'tmpfs', target: '/b', asWritten: '--tmpfs=/b' },
    ]);
  });

  test.each([
    '/a:exec',
    '/a:size=1m,size=2m',
    '/a:size=50%',
    '/a:size=',
    '/a:mode=17777',
    '/a:mode=',
    '/a:uid=-1',
    '/a:uid=root',
    '/a:gid=99999999999',
    '/a:',
    '/a:size=1m,',
    '/a:size=1m,rw',
    '/a:nosuid,size=1m',
    '/a:size=1m:mode=700',
    '/a,b',
    '"/a"',
  ])('%s is an error', (value) => {
    expect(codes('--tmpfs', value)).toEqual(['mount_syntax']);
  });
});

describe('a path', () => {
  test.each([
    ['~', 'home'],
    ['~/x', 'home'],
    ['~user/x', 'home'],
    ['$HOME/x', 'out'],
    ['$' + '{HOME}/x', 'out'],
    ['/srv/$USER', 'out'],
    ['/srv/$(id)', 'out'],
    ['./x', 'absolute'],
    ['../x', 'absolute'],
    ['srv/x', 'absolute'],
    ['.', 'absolute'],
  ])('a path of the host written as %s is told so', (source, word) => {
    expect(codes('--mount', `type=bind,src=${source},dst=/a`)).toEqual(['mount_path_invalid']);
    expect(hint('--mount', `type=bind,src=${source},dst=/a`)).toContain(word);
    expect(codes('-v', `${source}:/a`)).toEqual(['mount_path_invalid']);
  });

  test.each([
    'a',
    './a',
    '/a/',
    '/a//b',
    '/a/./b',
    '/a/..',
    '//',
    '//a',
    '/.',
    '/..',
    '/a/../../etc',
    '',
    '~',
  ])('a path in the container written as %j is not normal', (target) => {
    expect(codes('--mount', `type=bind,src=/srv/a,dst=${target}`)).toEqual(['mount_path_invalid']);
    expect(codes('--tmpfs', target)).toEqual(['mount_path_invalid']);
    expect(codes(`--workdir=${target}`)).toEqual(['mount_path_invalid']);
  });

  test('a path that is longer than the kernel takes is refused, and not longer by characters but by bytes', () => {
    const long = `/srv${'/12345678'.repeat(455)}`;
    expect(codes('-v', `${long}:/a`)).toEqual(['mount_path_invalid']);
    expect(codes('-v', `${long.slice(0, 4000)}:/a`)).toEqual([]);
    expect(codes('-v', `/srv/${'ä'.repeat(127)}:/a`)).toEqual([]);
    expect(codes('-v', `/srv/${'ä'.repeat(128)}:/a`)).toEqual(['mount_path_invalid']);
    expect(codes('-v', `/srv/a:${long}`)).toEqual(['mount_path_invalid']);
  });

  test.each(['\u200b', '\u202e', '\u2066', '\ufeff', '\u2028', '\u00ad', '\u{e0041}'])(
    'a path with the invisible character %j is refused',
    (character) => {
      expect(codes('-v', `/srv/a${character}:/a`)).toEqual(['mount_path_invalid']);
      expect(codes('-v', `/srv/a:/a${character}`)).toEqual(['mount_path_invalid']);
    },
  );
});
