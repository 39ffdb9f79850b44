import { stripVTControlCharacters } from 'node:util';

/** Fields with a place of their own in a readable line. */
const APART = new Set(['time', 'level', 'msg', 'err', 'error']);

/** Fields of a problem; they are printed below the line. */
const OF_PROBLEMS = new Set(['code', 'message', 'hint']);

/** A line of the log as a person reads it: time, level, message, `name=value`, and below it an error with what to do; a line that is no JSON as it is. */
export function readableLine(line: string): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const { time, level, msg } = entry;
  const isProblem = typeof entry.message === 'string' && typeof entry.code === 'string';
  const problems = isProblem
    ? [entry]
    : Object.entries(entry).flatMap(([name, value]) => (APART.has(name) ? [] : problemsIn(value)));
  const fields = Object.entries(entry).flatMap(([name, value]) =>
    APART.has(name) || (isProblem && OF_PROBLEMS.has(name)) || problemsIn(value).length > 0
      ? []
      : [`${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`],
  );
  const head = [
    String(time).slice(11, 19),
    String(level).toUpperCase().padEnd(5),
    String(msg ?? ''),
    ...fields,
  ];
  const below = [entry.err, entry.error, ...problems].flatMap((error) =>
    error === undefined ? [] : errorLines(error),
  );
  return `${[head.join(' '), ...below].map(harmless).join('\n')}\n`;
}

/** A problem, such as a cause, or a list of them, as errors and warnings of profiles come. */
function problemsIn(value: unknown): object[] {
  const isProblem = (each: unknown): each is object =>
    typeof each === 'object' && each !== null && 'message' in each && 'code' in each;
  const all = Array.isArray(value) ? value : [value];
  return all.every(isProblem) ? all : [];
}

function errorLines(error: unknown, word = ''): string[] {
  if (typeof error !== 'object' || error === null) return [`  ${word}${String(error)}`];
  const { code, message, hint, stack, cause, issues, file, path } = error as Record<string, unknown>;
  const place = [file, path].filter((each) => typeof each === 'string').join(' ');
  return [
    `  ${word}${place && `${place}: `}${String(message)} [${String(code)}]`,
    ...(typeof hint === 'string' ? [`  → ${hint}`] : []),
    ...(typeof stack === 'string' ? stack.split('\n').slice(1) : []),
    ...problemsIn(issues).flatMap((issue) => errorLines(issue)),
    ...(cause === undefined ? [] : errorLines(cause, 'because: ')),
  ];
}

/** One line, without control sequences for a terminal. */
function harmless(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}
