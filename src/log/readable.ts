import { stripVTControlCharacters } from 'node:util';

/** Fields that stand elsewhere in a readable line. */
const APART = new Set(['time', 'level', 'msg', 'err', 'error']);

/** A line of the log as a person reads it: time, level, message, `name=value`, and below it an error with what to do; a line that is no JSON as it is. */
export function readableLine(line: string): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const { time, level, msg } = entry;
  const fields = Object.entries(entry).flatMap(([name, value]) =>
    APART.has(name) ? [] : [`${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`],
  );
  const head = [
    String(time).slice(11, 19),
    String(level).toUpperCase().padEnd(5),
    String(msg ?? ''),
    ...fields,
  ];
  const below = [entry.err, entry.error].flatMap((error) => (error === undefined ? [] : errorLines(error)));
  return `${[head.join(' '), ...below].map(harmless).join('\n')}\n`;
}

function errorLines(error: unknown, word = ''): string[] {
  if (typeof error !== 'object' || error === null) return [`  ${word}${String(error)}`];
  const { code, message, mend, stack, cause } = error as Record<string, unknown>;
  return [
    `  ${word}${String(message)} [${String(code)}]`,
    ...(typeof mend === 'string' ? [`  → ${mend}`] : []),
    ...(typeof stack === 'string' ? stack.split('\n').slice(1) : []),
    ...(cause === undefined ? [] : errorLines(cause, 'because: ')),
  ];
}

/** One line, with nothing that a terminal obeys. */
function harmless(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}
