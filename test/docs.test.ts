import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../src/cli/program.ts';
import { configurationPage } from '../src/config/page.ts';
import { eventNames } from '../src/events/payload-shapes.ts';
import { silentIo } from './support/service/cli.ts';

const ROOT = resolve(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const sources = globSync('src/**/*.ts', { cwd: ROOT }).map(read);
const pages = ['README.md', ...globSync('docs/**/*.md', { cwd: ROOT })];

function duplicates(values: readonly string[]): string[] {
  return values.filter((value, index) => values.indexOf(value) !== index);
}

describe('docs/errors.md', () => {
  const codes = new Set(
    sources.flatMap((text) =>
      [...text.matchAll(/\b(?:code|reason): '([a-z0-9_]+)'/g)].map(([, code = '']) => code),
    ),
  );
  const paragraphs = [...read('docs/errors.md').matchAll(/^### `([a-z0-9_]+)`$/gm)].map(
    ([, code = '']) => code,
  );

  test('has a paragraph for every code, and no paragraph without a code', () => {
    expect(codes.size).toBeGreaterThan(50);
    expect(paragraphs.toSorted()).toEqual([...codes].toSorted());
  });

  test('has no code twice, and a sentence under each', () => {
    expect(duplicates(paragraphs)).toEqual([]);
    const bodies = read('docs/errors.md')
      .split(/^### `[a-z0-9_]+`$/gm)
      .slice(1);
    expect(bodies.filter((body) => !/[.!?]/.test(body.split(/^#/m)[0] ?? ''))).toEqual([]);
  });
});

describe('docs/glossary.md', async () => {
  const rows = [
    ...read('docs/glossary.md').matchAll(/^\| ([^|]+) \| [^|]+ \| ([^|]+) \| ([^|]+) \|$/gm),
  ].slice(1);
  const wordsOf = (cell = ''): string[] => cell.split(', ').filter((word) => word !== '–');
  const avoided = rows.flatMap(([, , words]) => wordsOf(words));
  const notNames = [...avoided, ...rows.flatMap(([, , , words]) => wordsOf(words))];
  const exported = sources.flatMap((text) => [
    ...text.matchAll(/^export (?:async )?(?:type|const|class|function\*?) (\w+)/gm),
  ]);
  const names = exported.map(([, name = '']) => name);
  const messages = sources
    .flatMap((text) => [...text.matchAll(/\b(?:message|hint|sentence):\s+['`"]([^\n]*)/g)])
    .map(([, text = '']) => text);
  const help = helpOf(await createProgram(silentIo));
  const logLines = sources
    .flatMap((text) => [
      ...text.matchAll(/\blog\.(?:debug|info|warn|error|fatal)\([^;]*?['"`]([^'"`\n]+)['"`]\s*\)/g),
    ])
    .map(([, text = '']) => text);
  const kinds = sources
    .flatMap((text) => [...text.matchAll(/\bkind: '([a-z_.]+)'/g)])
    .map(([, kind = '']) => kind.replaceAll(/[_.]/g, ' '));
  const templates = globSync('src/**/*.hbs', { cwd: ROOT }).map(read);
  const views = ['src/**/view*.ts', 'src/maintenance/redeliver.ts'].flatMap((files) =>
    globSync(files, { cwd: ROOT }).map(read),
  );
  const keys = views.flatMap((text) => [...text.matchAll(/^ +(\w+)\??:/gm)]).map(([, key = '']) => key);

  test('is held against log lines, kinds of timeline lines, pages of the dashboard and JSON keys', () => {
    expect(logLines.length).toBeGreaterThan(50);
    expect(kinds.length).toBeGreaterThan(50);
    expect(templates.length).toBeGreaterThan(3);
    expect(keys.length).toBeGreaterThan(30);
  });

  test('names words to avoid, each once, in the order of the alphabet', () => {
    expect(avoided.length).toBeGreaterThan(30);
    expect(duplicates(avoided)).toEqual([]);
    const headwords = rows.map(([, word = '']) => word);
    expect(headwords).toEqual(headwords.toSorted((one, other) => one.localeCompare(other)));
  });

  test.each(notNames)('keeps “%s” out of exported names and JSON keys', (word) => {
    expect([...names, ...keys].filter((name) => partsOf(name).includes(word))).toEqual([]);
  });

  test.each(avoided)('keeps “%s” out of pages and of every text that the program prints', (word) => {
    const whole = new RegExp(`\\b${word}\\b`, 'i');
    const kept = pages.filter((page) => !/\/(?:decisions\/|glossary\.md)/.test(page));
    expect(kept.filter((page) => whole.test(read(page)))).toEqual([]);
    const quoting = ['CHANGELOG.md', 'CONTRIBUTING.md'];
    expect(quoting.filter((page) => whole.test(read(page).replaceAll(/`[^`]*`/g, '')))).toEqual([]);
    const printed = [...messages, ...help, ...logLines, ...kinds, ...templates];
    expect(printed.filter((text) => whole.test(text))).toEqual([]);
  });

  /** `ownVoice` as `own`, `voice`. */
  function partsOf(name: string): string[] {
    return (name.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])/g) ?? []).map((part) => part.toLowerCase());
  }

  function helpOf(command: Command): string[] {
    const options = command.options.map(({ description }) => description);
    return [command.description(), ...options, ...command.commands.flatMap(helpOf)];
  }
});

describe('docs/configuration.md', () => {
  test('is what the options table makes', () => {
    expect(read('docs/configuration.md')).toBe(configurationPage());
  });
});

describe('docs/cli.md', async () => {
  const commands = leaves(await createProgram(silentIo), '');
  const headings = [...read('docs/cli.md').matchAll(/^## `github-flows ([^`]+)`$/gm)].map(
    ([, name = '']) => name,
  );

  function leaves(command: Command, prefix: string): { name: string; options: string[] }[] {
    const own = command.commands.filter((child) => child.name() !== 'help');
    if (own.length > 0) return own.flatMap((child) => leaves(child, `${prefix} ${child.name()}`.trim()));
    return [{ name: prefix, options: command.options.map((option) => option.long ?? '') }];
  }

  test('has a section for every command, and no section without a command', () => {
    expect(headings.toSorted()).toEqual(commands.map(({ name }) => name).toSorted());
  });

  test('names every option of each command in its section, and no others', () => {
    const sections = new Map(
      read('docs/cli.md')
        .split(/^## `github-flows /gm)
        .slice(1)
        .map((section) => [section.slice(0, section.indexOf('`')), section]),
    );
    const told = commands.map(({ name }) => [
      name,
      [...new Set((sections.get(name) ?? '').match(/--[a-z][a-z-]*/g))].toSorted(),
    ]);
    expect(told).toEqual(commands.map(({ name, options }) => [name, options.toSorted()]));
  });
});

describe('the pages', () => {
  test('every `npm run` and `github-flows` command they name exists', async () => {
    const scripts = Object.keys(JSON.parse(read('package.json')).scripts);
    const program = await createProgram(silentIo);
    const wrong = pages.flatMap((page) => {
      const text = read(page);
      const npm = [...text.matchAll(/\bnpm (?:run )?(test:long|test|[a-z:]+)\b/g)]
        .map(([, name = '']) => name)
        .filter(
          (name) =>
            /^npm run /.test(`npm run ${name}`) &&
            text.includes(`npm run ${name}`) &&
            !scripts.includes(name),
        );
      const cli = [...text.matchAll(/(?:bin\/|^|[`\s])github-flows ([a-z]+(?:-[a-z]+)*)(?: ([a-z]+))?/gm)]
        .filter(([, first = '']) => program.commands.every((command) => command.name() !== first))
        .map(([whole]) => whole)
        .filter((whole) => whole.includes('`') || whole.includes('bin/'));
      return [...npm, ...cli].map((name) => `${page}: ${name}`);
    });
    expect(wrong).toEqual([]);
  });

  test('every link to a file of the repository leads to one', () => {
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !existsSync(resolve(ROOT, dirname(page), target)))
        .map((target) => `${page}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  test('every file of the repository that they name in backquotes exists', () => {
    const named = /`((?:bin|docs|images|src|test)\/[^`\s<*{]+)`/g;
    const missing = [...pages, 'CONTRIBUTING.md', ...globSync('.github/**/*.md', { cwd: ROOT })].flatMap(
      (page) =>
        [...read(page).matchAll(named)]
          .map(([, path = '']) => path)
          .filter((path) => !existsSync(resolve(ROOT, path)))
          .map((path) => `${page}: ${path}`),
    );
    expect(missing).toEqual([]);
  });

  test('CONTRIBUTING answers five questions, each with six files at the most', () => {
    const section =
      read('CONTRIBUTING.md')
        .split(/^## /m)
        .find((text) => text.startsWith('Five questions')) ?? '';
    const files = [...section.matchAll(/^\| [^|]+\? \| [^|]+ \| ([^|]+) \|$/gm)].map(([, cell = '']) =>
      cell.split(', '),
    );
    expect(files.map((row) => row.length <= 6)).toEqual([true, true, true, true, true]);
  });

  test('the first screen of the README gives the two commands', () => {
    const first = read('README.md').split('\n').slice(0, 40).join('\n');
    expect(first).toContain('npm run demo');
    expect(first).toContain('npm test');
  });

  test('the README says what to tick for every event of docs/profiles.md, and for none that GitHub does not send', () => {
    const [, rows = ''] = read('README.md').split('| tick at GitHub |');
    const cells = [...(rows.split('\n\n')[0] ?? '').matchAll(/^\| ([^|]+) \|/gm)].map(
      ([, cell = '']) => cell,
    );
    const names = cells.flatMap((cell) => [...cell.matchAll(/`([a-z_]+)`/g)].map(([, name = '']) => name));
    const events = names.filter((name) => !existsSync(join(ROOT, 'profiles', name)));
    const [, table = ''] = read('docs/profiles.md').split('| event | its attributes |');
    const listed = [...(table.split('\n\n')[0] ?? '').matchAll(/^\| `(\w+)` \|/gm)].map(
      ([, name = '']) => name,
    );
    expect(listed.length).toBeGreaterThan(10);
    expect(listed.filter((name) => !events.includes(name))).toEqual([]);
    expect(events.filter((name) => !eventNames().includes(name))).toEqual([]);
  });

  test('every runtime dependency has a sentence in docs/decisions/', () => {
    const decisions = globSync('docs/decisions/*.md', { cwd: ROOT }).map(read).join('\n');
    const dependencies = Object.keys(JSON.parse(read('package.json')).dependencies);
    expect(dependencies.filter((name) => !decisions.includes(`\`${name}\``))).toEqual([]);
  });
});
