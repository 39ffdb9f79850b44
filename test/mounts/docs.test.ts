import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { FLAGS, parseDockerArgs } from '../../src/mounts/flags/docker-args.ts';
import { DENY_TABLE, type DenyEntry } from '../../src/mounts/rules/deny-list.ts';

const page = readFileSync(new URL('../../docs/mounts.md', import.meta.url), 'utf8');
const section = (heading: string): string =>
  page.split(/^## /m).find((text) => text.startsWith(heading)) ?? '';

/** How the page calls what a setting names. */
const SETTINGS: Record<string, string> = {
  engineSocket: "the engine's socket (`DOCKER_HOST`)",
  'secretsDir/service': '`SECRETS_DIR/service`',
  keyFile: 'the key file (`GITHUB_FLOWS_KEY_FILE`)',
  policyFile: 'the policy (`POLICY_FILE`)',
  secretsDir: '`SECRETS_DIR`',
  workspaceRoot: '`WORKSPACE_ROOT`',
  runDir: '`RUN_DIR`',
  varDir: '`VAR_DIR`',
  appDirs: "the application's directory, `HOST_APP_DIR`",
};

function row(entry: DenyEntry): string {
  const paths = {
    path: (match: string) => `\`${match}\``,
    home: (match: string) => `\`~${match === '.' ? '' : `/${match}`}\``,
    setting: (match: string) => SETTINGS[match] ?? '',
    name: (match: string) => `\`${match}\` anywhere`,
    socket: (match: string) => `\`${match}\` anywhere`,
    listener: () => 'every socket that a program of the host serves, by `/proc/net/unix`',
    content: (match: string) => `a file \`${match}\`, unless it is known to hold none`,
  }[entry.kind];
  const alone = entry.kind === 'content' ? ['itself, all above'] : undefined;
  const denied =
    alone ?? ['itself', entry.above && 'all above', entry.below && 'everything below'].filter(Boolean);
  return `| ${entry.match.map(paths).join(', ')} | ${denied.join(', ')} | ${entry.reason} |`;
}

describe('docs/mounts.md', () => {
  test('docs/mounts.md has the deny-list as deny-list.json has it, entry by entry', () => {
    const rows =
      section('The deny-list')
        .match(/^\| (?!what|---).*$/gm)
        ?.filter((line) => !line.startsWith('|---')) ?? [];
    expect(rows).toEqual(DENY_TABLE.map(row));
  });

  test('docs/mounts.md has every flag that is known, and no other', () => {
    const told = [...section('The flags').matchAll(/^\| `(--[a-z-]+)/gm)].map(([, flag]) => flag);
    expect(told.toSorted()).toEqual(FLAGS.map(({ name }) => `--${name}`).toSorted());
  });

  test('docs/mounts.md shows flags that work as they are written', () => {
    const lines = [...section('The flags').matchAll(/^\| `--[^|]+ \| (.*?) \|/gm)].flatMap(([, forms = '']) =>
      [...forms.matchAll(/`([^`]+)`/g)].map(([, form = '']) => form),
    );
    expect(lines.length).toBeGreaterThanOrEqual(FLAGS.length);
    for (const line of lines) expect([line, parseDockerArgs(line.split(' ')).problems]).toEqual([line, []]);
  });
});
