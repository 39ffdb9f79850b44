/** A type of a generated declaration file, as far as shapes need it. */
export type ReadType =
  | { kind: 'scalar' | 'open' | 'nothing' }
  | { kind: 'object'; keys: Record<string, ReadType>; isOpen: boolean }
  | { kind: 'list'; of: ReadType }
  | { kind: 'choice'; of: ReadType[] }
  | { kind: 'schema'; name: string };

const TOKENS = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\]|\\.)*"|[\w$]+|\s+|[^\s\w]/gy;

/** The schemas (`components.schemas`) and operations of a file that openapi-typescript made, by their names. */
export function readDeclarations(text: string): {
  schemas: Record<string, ReadType>;
  operations: Record<string, ReadType>;
} {
  const components = interfaceOf(text, 'components');
  const schemas = components.schemas;
  if (schemas?.kind !== 'object') throw new Error('the declarations have no schemas');
  return { schemas: schemas.keys, operations: interfaceOf(text, 'operations') };
}

function interfaceOf(text: string, name: string): Record<string, ReadType> {
  const start = text.indexOf(`export interface ${name} {`);
  const end = text.indexOf('\n}\n', start);
  const body = text.slice(text.indexOf('{', start), end + 2);
  const tokens = (body.match(TOKENS) ?? []).filter((token) => !/^(?:\s|\/\*|\/\/)/.test(token));
  const type = createReader(tokens).choice();
  if (type.kind !== 'object') throw new Error(`${name} is no interface`);
  return type.keys;
}

const SCALARS = new Set(['string', 'number', 'boolean', 'true', 'false']);

function createReader(tokens: readonly string[]): { choice(): ReadType } {
  let at = 0;
  const peek = (): string => tokens[at] ?? '';
  const take = (wanted?: string): string => {
    const token = peek();
    if (wanted !== undefined && token !== wanted)
      throw new Error(`${wanted} was expected, not ${tokens.slice(at, at + 8).join(' ')}`);
    at += 1;
    return token;
  };
  const isNext = (token: string): boolean => peek() === token && take() !== '';
  /** Choices (`|`) and combinations (`&`) are the same here: whatever any of them has. */
  const choice = (): ReadType => {
    isNext('|');
    const of = [listed()];
    while (isNext('|') || isNext('&')) of.push(listed());
    return of.length === 1 ? (of[0] as ReadType) : { kind: 'choice', of };
  };
  const listed = (): ReadType => {
    let type = single();
    while (peek() === '[') {
      take('[');
      if (isNext(']')) type = { kind: 'list', of: type };
      else {
        const name = JSON.parse(take()) as string;
        take(']');
        type = { kind: 'schema', name };
      }
    }
    return type;
  };
  const many = (open: string, close: string): ReadType[] => {
    const of: ReadType[] = [];
    take(open);
    while (!isNext(close)) {
      of.push(choice());
      isNext(',');
    }
    return of;
  };
  const single = (): ReadType => {
    if (peek() === '{') return members();
    if (peek() === '[') return { kind: 'choice', of: many('[', ']') };
    if (isNext('(')) {
      const inner = choice();
      take(')');
      return inner;
    }
    const word = take();
    if (word === 'readonly') return listed();
    if (['null', 'never', 'undefined'].includes(word)) return { kind: 'nothing' };
    if (SCALARS.has(word) || /^["\d-]/.test(word)) return { kind: 'scalar' };
    if (word === 'OneOf') return { kind: 'choice', of: many('<', '>') };
    if (word === 'Record') {
      many('<', '>');
      return { kind: 'open' };
    }
    if (word === 'unknown') return { kind: 'open' };
    // The head of `components["schemas"]["name"]` and `operations["name"]`; what stands in the brackets names it.
    if (word === 'components' || word === 'operations') return { kind: 'nothing' };
    throw new Error(`the type ${word} is not known`);
  };
  const members = (): ReadType => {
    const keys: Record<string, ReadType> = {};
    let isOpen = false;
    take('{');
    while (!isNext('}')) {
      isNext('readonly');
      if (isNext('[')) {
        while (!isNext(']')) take();
        isOpen = true;
      }
      const token = isOpen && peek() === ':' ? '' : take();
      const key = token.startsWith('"') ? (JSON.parse(token) as string) : token;
      isNext('?');
      take(':');
      const type = choice();
      isNext(';');
      if (key !== '') keys[key] = type;
    }
    return { kind: 'object', keys, isOpen };
  };
  return { choice };
}
