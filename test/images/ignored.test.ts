import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

function patternsOf(file: string): string[] {
  const lines = readFileSync(resolve(ROOT, file), 'utf8').split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('!'));
}

// git's patterns hold in every folder, docker's only at the top unless they begin with `**/`:
// https://docs.docker.com/build/concepts/context/#syntax
test('what git ignores in every folder stays out of images in every folder too', () => {
  const anywhere = patternsOf('.gitignore')
    .map((pattern) => pattern.replace(/\/$/, ''))
    .filter((pattern) => !pattern.includes('/') && pattern !== 'coverage');
  expect(anywhere).toContain('.env');
  expect(patternsOf('.dockerignore')).toEqual(
    expect.arrayContaining(anywhere.map((pattern) => `**/${pattern}`)),
  );
});
