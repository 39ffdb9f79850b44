import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { AGENTS } from '../../src/compose/agents.ts';
import { describeList, isAllowed, parseAllowList } from '../../src/egress/allow-list.ts';
import shipped from '../../src/egress/shipped-lists.json' with { type: 'json' };
import { gitHubHosts, hostLists } from '../../src/egress/shipped-lists.ts';
import { namesAboveSuffixes } from '../support/network/public-suffixes.ts';

/** Every list with its hosts and the reasons for them. */
const LISTS = new Map([
  ...AGENTS.map(({ network: { list, ...rest } }) => [list, rest] as const),
  ...Object.entries<{ about: string; hosts: Record<string, string> }>(shipped),
]);

const parse = (entries: unknown[], privateHosts: string[] = [], lists = hostLists(AGENTS)) =>
  parseAllowList(entries, lists, privateHosts);

function codes(...entries: unknown[]): string[] {
  return parse(entries).problems.map(({ code }) => code);
}

function allows(entries: string[], host: string, port = 443): boolean {
  const { list, problems } = parse(entries);
  expect(problems).toEqual([]);
  return isAllowed(list, host, port);
}

describe('an allow list', () => {
  test('allows the names it has, on port 443, and nothing else', () => {
    const list = ['api.openai.com'];
    expect(allows(list, 'api.openai.com')).toBe(true);
    for (const host of ['openai.com', 'x.api.openai.com', 'api.openai.com.evil.org', 'xapi.openai.com', ''])
      expect(allows(list, host), host).toBe(false);
    for (const port of [80, 22, 8443, 0, -1, Number.NaN])
      expect(allows(list, 'api.openai.com', port)).toBe(false);
  });

  test('allows with a star every name below, however deep, and not the name itself', () => {
    const list = ['*.github.com'];
    expect(allows(list, 'api.github.com')).toBe(true);
    expect(allows(list, 'a.b.github.com')).toBe(true);
    for (const host of ['github.com', 'xgithub.com', 'github.com.evil.org', '.github.com', '*.github.com'])
      expect(allows(list, host), host).toBe(false);
  });

  test('allows a port only where it is named', () => {
    const list = ['registry.example.org:8443', '*.example.net:444'];
    expect(allows(list, 'registry.example.org', 8443)).toBe(true);
    expect(allows(list, 'registry.example.org', 443)).toBe(false);
    expect(allows(list, 'a.example.net', 444)).toBe(true);
    expect(allows([...list, 'registry.example.org'], 'registry.example.org')).toBe(true);
  });

  test('an allow list makes nothing of case, a dot at the end, and other alphabets', () => {
    expect(allows(['API.OpenAI.com.'], 'api.openai.COM')).toBe(true);
    expect(allows(['api.openai.com'], 'api.openai.com.')).toBe(true);
    expect(allows(['bücher.example.org'], 'xn--bcher-kva.example.org')).toBe(true);
    expect(allows(['XN--BCHER-KVA.example.org'], 'BÜCHER.example.org')).toBe(true);
    expect(allows(['api。example。org'], 'api.example.org')).toBe(true);
  });

  test('allows nothing when it is empty', () => {
    expect(allows([], 'api.openai.com')).toBe(false);
    expect(describeList([])).toBe('nothing');
  });

  test('an allow list tells all problems at once, each with its place, and keeps the good entries', () => {
    const { list, problems } = parse(['api.openai.com', 7, '*', '*.github.com', '10.0.0.1']);
    expect(problems.map(({ index, code }) => [index, code])).toEqual([
      [1, 'egress_entry_not_text'],
      [2, 'egress_entry_too_wide'],
      [4, 'egress_entry_address'],
    ]);
    expect(list.map(({ host }) => host)).toEqual(['api.openai.com', 'github.com']);
    for (const { message, hint } of problems) expect(`${message}${hint}`).toMatch(/^[A-Z“"].*\.$/s);
  });

  test('an allow list takes no entry that is not a text', () => {
    const entries = [null, undefined, 1, true, {}, [], ['a.example.org']];
    expect(codes(...entries)).toEqual(entries.map(() => 'egress_entry_not_text'));
  });

  test('an allow list takes no address in any way of writing one', () => {
    const entries = [
      '127.0.0.1',
      '127.1',
      '10.0.0.1:443',
      '0x7f000001',
      '0x7f.1',
      '2130706433',
      '0177.0.0.1',
      '1.2.3.4.',
      '8.8.8.8',
      '::1',
      '[::1]',
      '[::1]:443',
      '[::ffff:10.0.0.1]',
      'fe80::1%eth0',
      '*.0.0.1',
      '１２７.0.0.1',
      '１２７.１',
      '*.１２７.１',
    ];
    expect(codes(...entries).filter((code) => code !== 'egress_entry_address')).toEqual([]);
    expect(codes(...entries)).toHaveLength(entries.length);
  });

  test('an allow list takes no name of this machine or its network', () => {
    const entries = [
      'localhost',
      'LOCALHOST',
      'localhost.',
      'db',
      'db:5432',
      'metadata.google.internal',
      'app.localhost',
      'printer.local',
      'router.lan',
      'nas.home.arpa',
      '1.0.0.127.in-addr.arpa',
      '*.internal',
      '*.local',
      '*.corp',
      'x.onion',
    ];
    expect(codes(...entries)).toEqual(entries.map(() => 'egress_entry_private'));
  });

  test('an allow list takes no star that covers names of outside users', () => {
    const entries = [
      '*',
      '*:443',
      '*.com',
      '*.COM.',
      '*.co.uk',
      '*.github.io',
      '*.cloudfront.net',
      '*.s3.amazonaws.com',
      '*.xn--p1ai',
      '*.рф',
      '*.amazonaws.com',
      '*.AmazonAWS.com.:8443',
      '*.eu-central-1.amazonaws.com',
      '*.windows.net',
      '*.core.windows.net',
      '*.blob.core.windows.net',
      '*.githubusercontent.com',
      '*.googleapis.com',
      '*.storage.googleapis.com',
      '*.r2.cloudflarestorage.com',
      '*.aliyuncs.com',
      '*.azure.com',
      '*.fastly.net',
      '*.ghe.com',
      '*.kawasaki.jp',
      '*.oss-cn-hangzhou.aliyuncs.com',
      '*.cos.ap-guangzhou.myqcloud.com',
      '*.obs.cn-north-4.myhuaweicloud.com',
      '*.s3.us-west-004.backblazeb2.com',
      '*.s3.us-west-1.wasabisys.com',
      '*.us-ashburn-1.oraclecloud.com',
      '*.westus.cloudapp.azure.com',
      '*.queue.core.windows.net',
      '*.dkr.ecr.eu-west-1.amazonaws.com',
      '*.app.github.dev',
      '*.fsn1.your-objectstorage.com',
      '*.googleusercontent.com',
      '*.nip.io',
    ];
    expect(codes(...entries)).toEqual(entries.map(() => 'egress_entry_too_wide'));
  });

  test('an allow list takes a star below a name of one owner', () => {
    const entries = ['*.github.com', '*.openai.com', '*.tenant.ghe.com', '*.npmjs.org', '*.octo.github.io'];
    expect(codes(...entries)).toEqual([]);
    expect(codes('github-cloud.s3.amazonaws.com', 'octo.blob.core.windows.net')).toEqual([]);
  });

  test('an allow list knows every name that is above a public suffix, as the public list has them', async () => {
    const names = namesAboveSuffixes();
    const file = new URL('../../src/egress/above-suffixes.json', import.meta.url).pathname;
    await expect(`${JSON.stringify(names, null, 2)}\n`).toMatchFileSnapshot(file);
    expect(
      codes(...names.map((name) => `*.${name}`)).filter((code) => code !== 'egress_entry_too_wide'),
    ).toEqual([]);
    expect(codes(...names.map((name) => `*.${name}`))).toHaveLength(names.length);
  });

  test('an allow list takes nothing that is no host name, and shows the host in what is an address of a page', () => {
    const entries = [
      '',
      ' ',
      '.',
      '*.',
      '*.*',
      '*.*.example.org',
      'api.*.example.org',
      '*api.example.org',
      'a..example.org',
      '.example.org',
      '-a.example.org',
      'a-.example.org',
      'a_b.example.org',
      'a b.example.org',
      ' example.org',
      'example.org\n',
      'example.org\0.evil.org',
      'exa%6dple.org',
      'example.org/',
      'example.org#',
      'user@example.org',
      'example.org:',
      'example.org:0',
      'example.org:65536',
      'example.org:443:443',
      'example.org:https',
      'example.org:-1',
      'example.org: 443',
      `${'a'.repeat(64)}.example.org`,
      `${'a.'.repeat(130)}org`,
      'bücher/evil.org',
      'bü@evil.org',
      'b%C3%BC.example.org',
      'ü'.repeat(10_000),
      'a'.repeat(1_000_000),
      '\u202e.example.org',
      '\ud800.example.org',
    ];
    const found = codes(...entries);
    expect(entries.filter((_, index) => !/invalid|private/.test(found[index] ?? ''))).toEqual([]);
    expect(found).toHaveLength(entries.length);
    const [problem] = parse(['https://api.openai.com/v1']).problems;
    expect(problem).toMatchObject({
      code: 'egress_entry_invalid',
      hint: 'Write the host alone: "api.openai.com".',
    });
  });

  test('an allow list says what it allows in words, and counts what is too much to name', () => {
    const { list } = parse(['@codex', '*.github.com', 'a.example.org:8443']);
    expect(describeList(list)).toBe(
      'api.openai.com, chatgpt.com, auth.openai.com, *.github.com, a.example.org:8443',
    );
    const many = parse(Array.from({ length: 30 }, (_, index) => `h${index}.example.org`));
    expect(describeList(many.list)).toMatch(/h19\.example\.org and 10 more$/);
  });

  test('an allow list is quick with ten thousand entries', () => {
    const entries = Array.from({ length: 10_000 }, (_, index) => `*.h${index}.example.org`);
    const { list } = parse(entries);
    expect(isAllowed(list, 'x.h9999.example.org', 443)).toBe(true);
  });
});

describe('the shipped lists', () => {
  test('the shipped lists are taken by name, without regard to case, and remember under which', () => {
    const { list, problems } = parse(['@codex', '@GitHub', 'example.org']);
    expect(problems).toEqual([]);
    expect(isAllowed(list, 'api.openai.com', 443)).toBe(true);
    expect(isAllowed(list, 'api.github.com', 443)).toBe(true);
    expect(isAllowed(list, 'api.anthropic.com', 443)).toBe(false);
    expect(list.find(({ host }) => host === 'github.com')?.entry).toBe('@GitHub');
  });

  test('the shipped lists are there for Codex, Claude Code, Gemini CLI, GitHub and Git LFS, each host exact, valid and with its reason', () => {
    expect([...LISTS.keys()]).toEqual(['codex', 'claude-code', 'gemini-cli', 'github', 'github-lfs']);
    for (const [name, { about, hosts }] of LISTS) {
      expect(about, name).toMatch(/\.$/);
      expect(codes(...Object.keys(hosts)), name).toEqual([]);
      expect(Object.keys(hosts).filter((host) => host.includes('*') || host.includes(':'))).toEqual([]);
      for (const reason of Object.values(hosts)) expect(reason).toMatch(/^\S.*\.$/);
    }
  });

  test('the shipped lists hold hosts of one owner, but for the storage of Git LFS, which is said to let data out', () => {
    const owners: Record<string, RegExp> = {
      codex: /(^|\.)(openai|chatgpt)\.com$/,
      'claude-code': /(^|\.)(anthropic\.com|claude\.ai|claude\.com)$/,
      'gemini-cli': /\.googleapis\.com$/,
      github: /(^|\.)(github|githubusercontent)\.com$/,
    };
    for (const [name, { hosts }] of LISTS) {
      const foreign = Object.keys(hosts).filter((host) => !(owners[name] ?? /^never$/).test(host));
      expect(foreign, name).toEqual(name === 'github-lfs' ? Object.keys(hosts) : []);
    }
    expect(allows(['@github'], 'github-cloud.s3.amazonaws.com')).toBe(false);
    expect(allows(['@github', '@github-lfs'], 'github-cloud.s3.amazonaws.com')).toBe(true);
    expect(LISTS.get('github-lfs')?.hosts['github-cloud.s3.amazonaws.com']).toContain('Lets data out');
  });

  test('stand in docs/network.md as they are', () => {
    const page = readFileSync(new URL('../../docs/network.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `@([a-z-]+)` \| `([a-z0-9.-]+)` \| (.+) \|$/gm)];
    expect(rows.map(([, ...row]) => row)).toEqual(
      [...LISTS].flatMap(([name, { hosts }]) =>
        Object.entries(hosts).map(([host, reason]) => [name, host, reason]),
      ),
    );
  });

  test('the shipped lists name the nearest one when there is none of that name', () => {
    const [problem] = parse(['@codx']).problems;
    expect(problem?.code).toBe('egress_list_unknown');
    expect(problem?.hint).toContain('"@codex"');
    expect(codes('@', '@@codex', '@constructor', '@__proto__', '@ github')).toEqual(
      Array(5).fill('egress_list_unknown'),
    );
  });

  test('the shipped lists are pointed at when somebody forgets the sign before the name', () => {
    expect(parse(['github']).problems[0]?.hint).toContain('"@github"');
  });
});

describe('the list @github', () => {
  const holds = (serverUrl: string, apiUrl: string): string[] =>
    gitHubHosts({ serverUrl, apiUrl }).map(({ host, port }) => `${host}:${port}`);

  test('the list @github is as shipped for github.com, and for a server that no run reaches by TLS', () => {
    expect(holds('https://github.com', 'https://api.github.com')).toEqual([]);
    expect(holds('https://GitHub.com/', 'https://api.github.com/')).toEqual([]);
    expect(holds('file:///srv/git', 'http://127.0.0.1:8080')).toEqual([]);
    expect(holds('https://10.0.0.1', 'https://[::1]/api/v3')).toEqual([]);
  });

  test('follows the server and its API, to a tenant and to an Enterprise Server with a port', () => {
    expect(holds('https://tenant.ghe.com', 'https://api.tenant.ghe.com')).toEqual([
      'tenant.ghe.com:443',
      'api.tenant.ghe.com:443',
      'codeload.tenant.ghe.com:443',
      'media.tenant.ghe.com:443',
      'raw.tenant.ghe.com:443',
      'uploads.tenant.ghe.com:443',
    ]);
    const own = holds('https://git.acme.example.org:8443', 'https://git.acme.example.org:8443/api/v3');
    expect(own).toContain('git.acme.example.org:8443');
    expect(own).toContain('uploads.git.acme.example.org:8443');
    expect(new Set(own).size).toBe(own.length);
  });

  test('the list @github lets a run reach the operator’s GitHub and GitHub itself, no other tenant, and by no other list', () => {
    const gitHub = gitHubHosts({ serverUrl: 'https://tenant.ghe.com', apiUrl: 'https://api.tenant.ghe.com' });
    const { list, problems } = parse(['@GitHub', '@codex'], [], hostLists(AGENTS, gitHub));
    expect(problems).toEqual([]);
    for (const host of ['tenant.ghe.com', 'api.tenant.ghe.com', 'raw.tenant.ghe.com', 'github.com'])
      expect(isAllowed(list, host, 443), host).toBe(true);
    for (const host of ['other.ghe.com', 'ghe.com', 'x.tenant.ghe.com', 'api.other.ghe.com'])
      expect(isAllowed(list, host, 443), host).toBe(false);
    expect(isAllowed(parse(['@codex'], [], hostLists(AGENTS, gitHub)).list, 'tenant.ghe.com', 443)).toBe(
      false,
    );
  });
});

describe('the hosts of the own network that a policy names', () => {
  test('the hosts of the own network that a policy names may be put on a list, on that port alone and without a star', () => {
    const hosts = ['git.corp.internal:443', 'db:8443'];
    const good = parse(['git.corp.internal', 'GIT.corp.internal.:443', 'db:8443'], hosts);
    expect(good.problems).toEqual([]);
    const bad = parse(['git.corp.internal:8443', 'db', '*.corp.internal', '*.internal'], hosts);
    expect(bad.problems.map(({ code }) => code)).toEqual(Array(4).fill('egress_entry_private'));
  });

  test('the hosts of the own network that a policy names are still no addresses', () => {
    const hosts = ['10.0.0.1:443', '0x7f000001:443'];
    expect(parse(hosts, hosts).problems.map(({ code }) => code)).toEqual(
      Array(2).fill('egress_entry_address'),
    );
  });
});
