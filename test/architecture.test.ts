import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const SRC = join(ROOT, 'src');
/** What joins the parts may use everything, as commands may. */
const isFree = ({ path }: { path: string }): boolean =>
  path === 'main.ts' || path.startsWith('compose/') || path.startsWith('cli/commands/');

/** Files that may name an agent: what lists them all, what options are called, and the commands that are about one. */
const NAMING =
  /^(compose\/agents|config\/(options|load)|cli\/program|cli\/commands\/codex|cli\/commands\/demo\/[a-z-]+|db\/migrations\/[a-z0-9-]+)\.ts$/;

const EXPORTED = /^export (?:async )?(?:function\*?|const|class|type|interface) ([A-Za-z0-9_]+)/gm;

type Room = { imports: string[]; powers: string[] };

/** The folder of each agent is a room of its own: no other agent and nothing but `compose` and commands may import it. */
const AGENT = /^agents\/[a-z-]+(?=\/)/;

const roomOf = (path: string): string => AGENT.exec(path)?.[0] ?? path.split('/')[0] ?? '';

const listed = new Map(readRooms());
const files = globSync('**/*.ts', { cwd: SRC }).map((path) => ({
  path,
  room: roomOf(path),
  text: readFileSync(join(SRC, path), 'utf8'),
}));

/** What a room may do; all agents have one row. */
const rulesOf = (room: string): Room | undefined => listed.get(room.replace(/^agents\/.*/, 'agents/*'));

function readRooms(): [string, Room][] {
  const section = sectionOf('## The rooms', '### Folders inside rooms');
  return [...section.matchAll(/^\| ([a-z]+(?:\/\*)?) \| ([^|]+) \| ([^|]+) \|$/gm)]
    .filter(([, name]) => name !== 'room')
    .map(([, name = '', imports = '', powers = '']) => [
      name,
      {
        imports: imports
          .split(',')
          .map((word) => word.trim())
          .filter((word) => word !== '–'),
        powers: [...powers.matchAll(/`([^`]+)`/g)].map(([, power = '']) => power),
      },
    ]);
}

/** Folder to the folders of its own room that it may import. */
function readFolders(): Map<string, string[]> {
  const section = sectionOf('### Folders inside rooms', '## What is stored');
  const rows = [...section.matchAll(/^\| ([a-z/-]+) \| ([^|]+) \| [^|]+ \|$/gm)].slice(1);
  return new Map(rows.map(([, folder = '', imports = '']) => [folder, imports.trim().split(', ')]));
}

function sectionOf(from: string, to: string): string {
  const page = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');
  return page.slice(page.indexOf(from), page.indexOf(to));
}

function importsOf(file: { path: string; text: string }): string[] {
  const imports = file.text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g);
  const workers = file.text.matchAll(/new URL\('(\.[^']+\.ts)', import\.meta\.url\)/g);
  return [...imports, ...workers].map(([, target = '']) => target);
}

function localImports(file: { path: string; text: string }): string[] {
  return importsOf(file)
    .filter((target) => target.startsWith('.'))
    .map((target) => relative(SRC, resolve(SRC, dirname(file.path), target)));
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
}

describe('the rooms', () => {
  test('every folder of src is a room of docs/architecture.md, and every room is a folder', () => {
    const folders = new Set(
      files.filter((file) => file.path.includes('/')).map((file) => file.path.split('/')[0]),
    );
    const rooms = [...listed.keys()].filter((room) => room !== 'agents/*');
    expect([...folders].toSorted()).toEqual([...rooms, 'compose'].toSorted());
  });

  test('no file imports through a door that the table does not list', () => {
    const wrong = files
      .filter((file) => !isFree(file))
      .flatMap((file) =>
        localImports(file)
          .map(roomOf)
          .filter((room) => room !== file.room && !rulesOf(file.room)?.imports.includes(room))
          .map((room) => `${file.path} → ${room}`),
      );
    expect(wrong).toEqual([]);
  });

  test('no folder imports another one of its room through a door that the second table does not list', () => {
    const folders = readFolders();
    const wrong = files
      .filter((file) => !isFree(file))
      .flatMap((file) =>
        localImports(file)
          .filter((target) => roomOf(target) === file.room)
          .map((target) => ({ from: dirname(file.path), to: dirname(target) }))
          .filter(({ from, to }) => to !== from && !(from === file.room && AGENT.test(to)))
          .filter(({ from, to }) => !folders.get(from)?.includes(to))
          .map(({ to }) => `${file.path} → ${to}`),
      );
    expect(wrong).toEqual([]);
  });

  test('every folder below a room is in the second table, and every folder of the table is there', () => {
    const inRooms = files.map(({ path }) => dirname(path)).filter((folder) => folder.includes('/'));
    const inTable = [...readFolders().keys()];
    const below = new Set(
      inRooms.filter((folder) => !folder.startsWith('cli/commands') && roomOf(`${folder}/`) !== folder),
    );
    expect([...below].filter((folder) => !inTable.includes(folder))).toEqual([]);
    const all = new Set(files.map(({ path }) => dirname(path)));
    expect(inTable.filter((folder) => !all.has(folder))).toEqual([]);
  });

  test('nothing but main and the command line imports the command line', () => {
    const wrong = files.filter(
      (file) =>
        file.path !== 'main.ts' &&
        file.room !== 'cli' &&
        localImports(file).some((target) => target.startsWith('cli/')),
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  test('no file imports itself through others, and no folder does', () => {
    const byFile = new Map(files.map((file) => [file.path, localImports(file)]));
    const byFolder = new Map<string, string[]>();
    for (const [path, targets] of byFile) {
      const folder = dirname(path);
      const others = targets.map((target) => dirname(target)).filter((other) => other !== folder);
      byFolder.set(folder, [...(byFolder.get(folder) ?? []), ...others]);
    }
    expect([...circlesIn(byFile), ...circlesIn(byFolder)]).toEqual([]);
  });

  test('what one room alone may do is done nowhere else', () => {
    const wrong = [...listed].flatMap(([room, { powers }]) =>
      powers.flatMap((power) =>
        files
          .filter((file) => !isFree(file) && !rulesOf(file.room)?.powers.includes(power))
          .filter((file) =>
            /^[@a-z]/.test(power) && !/[(.]$|^process/.test(power) && !power.endsWith('(')
              ? importsOf(file).includes(power) && !isTypeImport(file.text, power)
              : withoutComments(file.text).includes(power),
          )
          .map((file) => `${file.path} uses ${power}, which only ${room} may`),
      ),
    );
    expect(wrong).toEqual([]);
  });

  test('nothing outside of agents names one, but for the list of them, the options, the commands of one, and migrations', () => {
    const names = new Set(files.flatMap(({ room }) => (room.startsWith('agents/') ? [room.slice(7)] : [])));
    const pattern = new RegExp([...names].join('|'), 'i');
    const wrong = files.filter(
      ({ room, path, text }) => !NAMING.test(path) && !/^agents(\/|$)/.test(room) && pattern.test(text),
    );
    expect(names.size).toBeGreaterThan(2);
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  test('base is closed: it holds fifteen files at the most, and docs/decisions says why the last of them are there', () => {
    expect(files.filter((file) => file.room === 'base').length).toBeLessThanOrEqual(15);
  });
});

function circlesIn(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (node: string, trail: readonly string[]): void => {
    if (trail.includes(node)) circles.push([...trail.slice(trail.indexOf(node)), node].join(' → '));
    if (trail.includes(node) || done.has(node)) return;
    for (const next of graph.get(node) ?? []) visit(next, [...trail, node]);
    done.add(node);
  };
  for (const node of graph.keys()) visit(node, []);
  return circles;
}

function isTypeImport(text: string, module: string): boolean {
  const found = text.match(new RegExp(`import (type )?[^;]*? from '${module.replaceAll('/', '\\/')}'`));
  return found?.[1] !== undefined;
}

describe('the files', () => {
  test('no folder holds more than 25, and one lies directly in src', () => {
    const counts = Map.groupBy(files, ({ path }) => dirname(path));
    const large = [...counts].filter(([, found]) => found.length > 25);
    expect(large.map(([folder]) => folder)).toEqual([]);
    expect(counts.get('.')?.map(({ path }) => path)).toEqual(['main.ts']);
  });

  test('none is longer than 250 lines', () => {
    expect(files.filter((file) => file.text.split('\n').length > 251).map((file) => file.path)).toEqual([]);
  });

  test('every export has a comment above it, but a factory whose type is above it in the same file', () => {
    const bare = files.flatMap((file) => {
      const lines = file.text.split('\n');
      const makesType = (line: string): boolean => {
        const [, made] = /^export (?:async )?function (?:create|open|make|start)([A-Za-z]*)/.exec(line) ?? [];
        return made !== undefined && new RegExp(`^export type ${made}\\b`, 'm').test(file.text);
      };
      return lines
        .map((line, index) => ({ line, above: lines[index - 1] ?? '' }))
        .filter(({ line }) => /^export (?!\{|\*)/.test(line) && !makesType(line))
        .filter(({ above }) => !/(\*\/|^\/\/.*|^ \*.*)$/.test(above))
        .map(({ line }) => `${file.path}: ${line}`);
    });
    expect(bare).toEqual([]);
  });

  test('a helper of the tests lies in a folder that the index names', () => {
    const support = join(ROOT, 'test/support');
    const index = [...readFileSync(join(support, 'README.md'), 'utf8').matchAll(/^\| `([a-z]+)` \|/gm)];
    const folders = new Set(globSync('**/*.ts', { cwd: support }).map((path) => dirname(path)));
    expect([...folders].toSorted()).toEqual(index.map(([, folder]) => folder));
  });

  test('no two export the same name, but for what each migration is', () => {
    const places = new Map<string, string[]>();
    for (const { path, text } of files.filter(({ path }) => !path.startsWith('db/migrations/')))
      for (const [, name = ''] of text.matchAll(EXPORTED))
        places.set(name, [...(places.get(name) ?? []), path]);
    expect([...places].filter(([, paths]) => paths.length > 1)).toEqual([]);
  });

  test('none has a default export, an enum or a barrel', () => {
    const wrong = files.filter((file) => /^export (default|enum|\* from|const enum)/m.test(file.text));
    expect(wrong.map((file) => file.path)).toEqual([]);
  });
});
