import { createContext, Script } from 'node:vm';
import { type ASTNode, Environment, type ParseResult } from '@marcbachmann/cel-js';
import type { Problem } from '../../base/errors.ts';
import { ATTRIBUTES, type FlowEvent } from '../../events/event.ts';
import { filterInvalid, filterRefused, filterTooLong } from './errors.ts';

/** The result of one filter for one event; `why` is null for a plain `false`. */
export type FilterAnswer = { holds: boolean; why: string | null };

/** One event as filters see it. */
export type FilterFacts = { event: unknown; attributes: Attributes };

/** A compiled `trigger.filter`; evaluating it never throws. */
export type Filter = (facts: FilterFacts) => FilterAnswer;

/** Compiles filters; one whose text is bad gives the problem instead. */
export type FilterCompiler = (source: string) => Filter | Problem;

/** Longest filter, in characters, and how long one may work on one event, in milliseconds, before it counts as false. */
const MAX_LENGTH = 4096;
const MAX_MS = 1000;

const LIMITS = { maxAstNodes: 1000, maxDepth: 40, maxListElements: 500, maxMapEntries: 100 };

/** The macros that go through a list, and the one that gives a value a name: nested in each other they multiply. */
const MACROS = new Set(['all', 'exists', 'exists_one', 'map', 'filter', 'bind']);

/** The type of `attributes` in a filter, so that loading reports a misspelt attribute. */
class Attributes {
  constructor(event: FlowEvent) {
    Object.assign(this, event.attributes);
    const number = event.attributes.issueNumber;
    if (Number.isSafeInteger(number)) Object.assign(this, { issueNumber: BigInt(number as number) });
  }
}

/** The attributes that are no texts. */
const OTHER_TYPES: Readonly<Record<string, string>> = {
  issueNumber: 'int',
  isPullRequest: 'bool',
  isFork: 'bool',
};

/** A compiler for CEL over `event` (the payload) and `attributes`. */
export function createFilterCompiler(): FilterCompiler {
  const environment = new Environment({ limits: LIMITS })
    .registerType('Attributes', {
      ctor: Attributes,
      fields: Object.fromEntries(ATTRIBUTES.map((name) => [name, OTHER_TYPES[name] ?? 'string'])),
    })
    .registerVariable('event', 'map<string, dyn>')
    .registerVariable('attributes', 'Attributes');
  const limit = createTimeLimit(MAX_MS);
  return (source) => {
    if (source.length > MAX_LENGTH) return filterTooLong(source.length, MAX_LENGTH);
    const parsed = parse(environment, source);
    if ('code' in parsed) return parsed;
    const { expression, loops } = parsed;
    const tooLong = { holds: false, why: `it took longer than ${MAX_MS} ms` };
    if (!loops) return (facts) => evaluate(expression, facts);
    return (facts) => limit.run(() => evaluate(expression, facts), tooLong);
  };
}

function parse(
  environment: Environment,
  source: string,
): { expression: ParseResult; loops: boolean } | Problem {
  try {
    const expression = environment.parse(source);
    const macros = survey(expression.ast);
    if (macros.refused) return filterRefused(source, macros.refused);
    const check = expression.check();
    if (!check.valid)
      return filterInvalid(source, check.error?.summary ?? 'its types do not fit', check.error?.range);
    if (check.type !== 'bool' && check.type !== 'dyn')
      return filterInvalid(source, `it gives ${check.type}, not true or false`, undefined);
    return { expression, loops: macros.loops };
  } catch (error) {
    const { summary, range } = error as { summary?: string; range?: { start: number } };
    return filterInvalid(source, summary ?? String(error), range);
  }
}

/** Made once for an event and shared by all filters. */
export function filterFacts(event: FlowEvent): FilterFacts {
  return { event: event.payload, attributes: new Attributes(event) };
}

function evaluate(expression: ParseResult, facts: FilterFacts): FilterAnswer {
  try {
    const value: unknown = expression(facts);
    if (typeof value === 'boolean') return { holds: value, why: null };
    return { holds: false, why: 'it gave neither true nor false' };
  } catch (error) {
    return { holds: false, why: (error as { summary?: string }).summary ?? 'it could not be evaluated' };
  }
}

/** Reads every call: whether any iterates over a list, and the first refused one. */
function survey(ast: ASTNode): { loops: boolean; refused: string | undefined } {
  const found: { loops: boolean; refused: string | undefined } = { loops: false, refused: undefined };
  const visit = (part: unknown, inMacro: boolean): void => {
    if (Array.isArray(part)) {
      for (const inner of part) visit(inner, inMacro);
      return;
    }
    if (typeof part !== 'object' || part === null || !('op' in part)) return;
    const node = part as ASTNode;
    if (node.op !== 'call' && node.op !== 'rcall') {
      visit(node.args, inMacro);
      return;
    }
    const [name] = node.args;
    const isMacro = node.op === 'rcall' && MACROS.has(name);
    if (isMacro) found.loops = true;
    if (name === 'matches') found.refused ??= 'matches';
    if (isMacro && inMacro) found.refused ??= `${name} inside another macro`;
    if (node.op === 'rcall') visit(node.args[1], inMacro);
    visit(node.args.at(-1), inMacro || isMacro);
  };
  visit(ast, false);
  return found;
}

/** Runs synchronous work with a limit of time. */
type TimeLimit = {
  /** What `work` gives, or `tooLong` after the limit; throws what `work` throws. `work` may not be asynchronous. */
  run<T>(work: () => T, tooLong: T): T;
};

/**
 * A limit in milliseconds on synchronous work, by the engine's own watchdog: the one thing that stops a loop
 * which never waits. It costs about a tenth of a millisecond a call.
 * https://nodejs.org/api/vm.html#scriptrunincontextcontextifiedobject-options
 */
function createTimeLimit(ms: number): TimeLimit {
  const room: { work: () => void } = { work: () => undefined };
  const context = createContext(room);
  const script = new Script('work()');
  return {
    run(work, tooLong) {
      let result = tooLong;
      room.work = () => {
        result = work();
      };
      try {
        script.runInContext(context, { timeout: ms });
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
        return tooLong;
      } finally {
        room.work = () => undefined;
      }
      return result;
    },
  };
}
