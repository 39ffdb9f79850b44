import { createScanner, printParseErrorCode, visit } from 'jsonc-parser';
import type { Fault } from '../base/errors.ts';
import { keyTwice, pointer, profileNotJson, profileTooLarge } from './faults.ts';

/** No profile nests deeper than 6; more than this is refused before anything recurses into it. */
const MAX_DEPTH = 64;

/** The value of a JSON text, or the faults with their line and column; keys that stand twice are faults. */
export function readJson(text: string, file: string): { value: unknown } | { faults: Fault[] } {
  if (depth(text) > MAX_DEPTH)
    return { faults: [profileTooLarge(file, `nested deeper than ${MAX_DEPTH} levels`)] };
  const { firstError, doubles } = look(text, file);
  try {
    const value: unknown = JSON.parse(text);
    return doubles.length > 0 ? { faults: doubles } : { value };
  } catch (error) {
    return { faults: [profileNotJson(file, firstError ?? (error as SyntaxError).message)] };
  }
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

function look(text: string, file: string): { firstError: string | undefined; doubles: Fault[] } {
  let firstError: string | undefined;
  const doubles: Fault[] = [];
  const open: Set<string>[] = [];
  const strict = { disallowComments: true, allowTrailingComma: false };
  visit(
    text,
    {
      onObjectBegin: () => void open.push(new Set()),
      onObjectEnd: () => void open.pop(),
      onObjectProperty(key, _offset, _length, line, _column, path) {
        const keys = open.at(-1);
        if (keys?.has(key)) doubles.push(keyTwice(file, pointer(...path(), key), line + 1));
        keys?.add(key);
      },
      onError(error, _offset, _length, line, column) {
        firstError ??= `line ${line + 1}, column ${column + 1}: ${words(printParseErrorCode(error))}`;
      },
    },
    strict,
  );
  return { firstError, doubles };
}

/** `CommaExpected` as `comma expected`. */
function words(name: string): string {
  return name.replace(/(?<!^)[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}
