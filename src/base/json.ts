import { createScanner, printParseErrorCode, visit } from 'jsonc-parser';

/** An object that was read from JSON. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a JSON value is an object, and neither a list nor null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text read as JSON: its value with the keys that stand twice (`line` from 1), or why it is none. */
type StrictJson =
  | { value: unknown; twice: readonly { path: string; line: number }[] }
  | { tooDeep: true }
  | { error: string };

/** Reads a file that people write: no comments, no trailing commas, and nothing nested deeper than `maxDepth`, so that later code may recurse. */
export function readStrictJson(text: string, maxDepth: number): StrictJson {
  if (depth(text) > maxDepth) return { tooDeep: true };
  const { firstError, twice } = look(text);
  try {
    return { value: JSON.parse(text), twice };
  } catch (error) {
    return { error: firstError ?? (error as SyntaxError).message };
  }
}

/** A JSON pointer from its parts: https://www.rfc-editor.org/rfc/rfc6901 */
export function jsonPointer(...parts: readonly (string | number)[]): string {
  return parts.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function depth(text: string): number {
  const scanner = createScanner(text, true);
  let open = 0;
  let deepest = 0;
  for (scanner.scan(); scanner.getTokenOffset() < text.length; scanner.scan()) {
    const first = text.charAt(scanner.getTokenOffset());
    if (first === '{' || first === '[') open += 1;
    if (first === '}' || first === ']') open -= 1;
    deepest = Math.max(deepest, open);
  }
  return deepest;
}

function look(text: string): { firstError: string | undefined; twice: { path: string; line: number }[] } {
  let firstError: string | undefined;
  const twice: { path: string; line: number }[] = [];
  const open: Set<string>[] = [];
  const strict = { disallowComments: true, allowTrailingComma: false };
  visit(
    text,
    {
      onObjectBegin: () => void open.push(new Set()),
      onObjectEnd: () => void open.pop(),
      onObjectProperty(key, _offset, _length, line, _column, path) {
        const keys = open.at(-1);
        if (keys?.has(key)) twice.push({ path: jsonPointer(...path(), key), line: line + 1 });
        keys?.add(key);
      },
      onError(error, _offset, _length, line, column) {
        firstError ??= `line ${line + 1}, column ${column + 1}: ${spaced(printParseErrorCode(error))}`;
      },
    },
    strict,
  );
  return { firstError, twice };
}

/** `CommaExpected` as `comma expected`. */
function spaced(name: string): string {
  return name.replace(/(?<!^)[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}
