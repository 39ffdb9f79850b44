import { createScanner, printParseErrorCode, visit } from 'jsonc-parser';
import type { Fault } from '../base/errors.ts';
import { policyKeyTwice, policyNotJson } from './errors.ts';

/** A policy nests 4 deep; more than this is refused before anything recurses into it. */
const MAX_DEPTH = 32;

/** The value of a policy's text, or the faults: no JSON, or keys that stand twice. */
export function readPolicyJson(text: string, file: string): { value: unknown } | { faults: Fault[] } {
  if (depth(text) > MAX_DEPTH)
    return { faults: [policyNotJson(file, `it is nested deeper than ${MAX_DEPTH} levels`)] };
  const { firstError, doubles } = look(text, file);
  try {
    const value: unknown = JSON.parse(text);
    return doubles.length > 0 ? { faults: doubles } : { value };
  } catch {
    return { faults: [policyNotJson(file, firstError ?? 'it ends too early')] };
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
  visit(
    text,
    {
      onObjectBegin: () => void open.push(new Set()),
      onObjectEnd: () => void open.pop(),
      onObjectProperty(key, _offset, _length, line, _column, path) {
        const keys = open.at(-1);
        if (keys?.has(key)) doubles.push(policyKeyTwice(file, policyPointer(...path(), key), line + 1));
        keys?.add(key);
      },
      onError(error, _offset, _length, line, column) {
        firstError ??= `line ${line + 1}, column ${column + 1}: ${printParseErrorCode(error)}`;
      },
    },
    { disallowComments: true, allowTrailingComma: false },
  );
  return { firstError, doubles };
}

/** A JSON pointer (RFC 6901) from its parts. */
export function policyPointer(...parts: readonly (string | number)[]): string {
  return parts.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
