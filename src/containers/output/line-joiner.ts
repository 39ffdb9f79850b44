import type { OutputLine } from './output-line.ts';

/** A line that is longer is no event that anybody reads. */
const MAX_LINE_CHARACTERS = 8 * 1024 * 1024;

/** Joins the parts of long lines. */
type LineJoiner = {
  /** The lines that end with this part; `isDropped` for one that grew beyond the limit and is lost whole. */
  join(line: Pick<OutputLine, 'text' | 'part'>): { lines: string[]; isDropped: boolean };
};

/** A joiner of lines of one stream. */
export function createLineJoiner(): LineJoiner {
  let parts: string[] = [];
  let length = 0;
  return {
    join({ text, part }) {
      length += text.length;
      const isDropped = length > MAX_LINE_CHARACTERS;
      if (isDropped) parts = [];
      else parts.push(text);
      if (part) return { lines: [], isDropped: false };
      const lines = isDropped ? [] : parts.join('').split('\n');
      parts = [];
      length = 0;
      return { lines, isDropped };
    },
  };
}
