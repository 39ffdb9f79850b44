import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const SRC = join(ROOT, 'src');
/** What joins the parts stands directly in src, and may use everything, as commands may. */
const isFree = ({ room }: { room: string }): boolean => room.endsWith('.ts') || room === 'cli';

type Room = { imports: string[]; powers: string[] };

const rooms = new Map(readRooms());
const files = globSync('**/*.ts', { cwd: SRC }).map((path) => ({
  path,
  room: path.split('/')[0] ?? '',
  text: readFileSync(join(SRC, path), 'utf8'),
}));

function readRooms(): [string, Room][] {
  const page = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');
  const section = page.slice(page.indexOf('## The rooms'), page.indexOf('## What is stored'));
  return [...section.matchAll(/^\| ([a-z]+) \| ([^|]+) \| ([^|]+) \|$/gm)]
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

function importsOf(file: { path: string; text: string }): string[] {
  const found = file.text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g);
  return [...found].map(([, target = '']) => target);
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
    const folders = new Set(files.filter((file) => file.path.includes('/')).map((file) => file.room));
    expect([...folders].toSorted()).toEqual([...rooms.keys()].toSorted());
  });

  test('no file imports through a door that the table does not list', () => {
    const wrong = files
      .filter((file) => !isFree(file))
      .flatMap((file) =>
        localImports(file)
          .map((target) => target.split('/')[0] ?? '')
          .filter((room) => room !== file.room && !rooms.get(file.room)?.imports.includes(room))
          .map((room) => `${file.path} → ${room}`),
      );
    expect(wrong).toEqual([]);
  });

  test('no file imports itself through others', () => {
    const graph = new Map(files.map((file) => [file.path, localImports(file)]));
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      if (trail.includes(path) || done.has(path)) return;
      for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
      done.add(path);
    };
    for (const path of graph.keys()) visit(path, []);
    expect(circles).toEqual([]);
  });

  test('what one room alone may do is done nowhere else', () => {
    const wrong = [...rooms].flatMap(([room, { powers }]) =>
      powers.flatMap((power) =>
        files
          .filter((file) => !isFree(file) && !rooms.get(file.room)?.powers.includes(power))
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

  test('base is closed: it holds ten files, and docs/decisions says why the last three are there', () => {
    expect(files.filter((file) => file.room === 'base').length).toBeLessThanOrEqual(10);
  });
});

function isTypeImport(text: string, module: string): boolean {
  const found = text.match(new RegExp(`import (type )?[^;]*? from '${module.replaceAll('/', '\\/')}'`));
  return found?.[1] !== undefined;
}

describe('the files', () => {
  test('none is longer than 250 lines', () => {
    expect(files.filter((file) => file.text.split('\n').length > 251).map((file) => file.path)).toEqual([]);
  });

  test('every export has a comment above it', () => {
    const bare = files.flatMap((file) => {
      const lines = file.text.split('\n');
      return lines
        .map((line, index) => ({ line, above: lines[index - 1] ?? '' }))
        .filter(({ line }) => /^export (?!\{|\*)/.test(line))
        .filter(({ above }) => !/(\*\/|^\/\/.*|^ \*.*)$/.test(above))
        .map(({ line }) => `${file.path}: ${line}`);
    });
    expect(bare).toEqual([]);
  });

  test('none has a default export, an enum or a barrel', () => {
    const wrong = files.filter((file) => /^export (default|enum|\* from|const enum)/m.test(file.text));
    expect(wrong.map((file) => file.path)).toEqual([]);
  });
});
