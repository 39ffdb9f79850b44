import { stripVTControlCharacters } from 'node:util';
import type { Problem } from '../../base/errors.ts';
import type { Io } from './io.ts';

/** Control characters, and marks that reverse or hide text; an agent must never control a terminal. */
const UNSAFE = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text from outside, safe to show on a terminal; line ends and tabs stay. */
export function plain(text: string): string {
  return stripVTControlCharacters(text).replaceAll(UNSAFE, '');
}

/** One JSON document, indented, with a line end. */
export function printJson(io: Io, value: unknown): void {
  io.out(`${JSON.stringify(value, null, 2)}\n`);
}

/** Rows under headings, in aligned columns. */
export function printTable(io: Io, headings: readonly string[], rows: readonly (readonly string[])[]): void {
  const cells = [headings, ...rows].map((row) => row.map((cell) => plain(cell).replaceAll(/\s+/g, ' ')));
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  for (const row of cells)
    io.out(
      `${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    );
}

/** A problem in three lines: what happened, and below it what to do. */
export function problemText(problem: Problem & { file?: string; path?: string }): string {
  const place = [problem.file, problem.path].filter(Boolean).join(' ');
  return plain(`${place ? `${place}: ` : ''}${problem.message}\n  → ${problem.hint} [${problem.code}]\n`);
}

/** A time for people: UTC, in seconds; `-` when there is none. */
export function formatTime(iso: string | null): string {
  return iso === null ? '-' : iso.slice(0, 19).replace('T', ' ');
}
