import Handlebars from 'handlebars';
import type { Problem } from '../base/errors.ts';
import { notAllowed, syntaxProblem, tooLong, unknownHelper, unknownName } from './errors.ts';
import { MAX_BLOCKS, MAX_TEMPLATE_CHARACTERS, MAX_VARIABLE_USES } from './limits.ts';

/** A template that was read: how often it puts in each variable, and what is wrong with it. */
type Template = {
  program: hbs.AST.Program;
  uses: ReadonlyMap<string, number>;
  problems: readonly Problem[];
};

/**
 * Reads a template. Only what is listed here is let through to Handlebars: text, comments, `{{NAME}}`,
 * `{{untrusted NAME}}`, and the blocks `if` and `unless` over one name; every name must be one of `names`.
 */
export function readTemplate(template: string, names: readonly string[]): Template {
  const empty: hbs.AST.Program = { type: 'Program', body: [], blockParams: [], loc: NOWHERE };
  if (template.length > MAX_TEMPLATE_CHARACTERS || countBlocks(template) > MAX_BLOCKS)
    return { program: empty, uses: new Map(), problems: [tooLong()] };
  try {
    const program = Handlebars.parse(template);
    const reading: Reading = { names, uses: new Map(), problems: [] };
    readProgram(program, reading);
    const total = [...reading.uses.values()].reduce((sum, count) => sum + count, 0);
    const problems = total > MAX_VARIABLE_USES ? [...reading.problems, tooLong()] : reading.problems;
    return { program, uses: reading.uses, problems };
  } catch (error) {
    return { program: empty, uses: new Map(), problems: [syntaxProblem(error)] };
  }
}

function countBlocks(template: string): number {
  return template.match(/\{\{~?\s*(?:[#^]|else\b)/g)?.length ?? 0;
}

const NOWHERE = { source: '', start: { line: 1, column: 0 }, end: { line: 1, column: 0 } };

type Reading = { names: readonly string[]; uses: Map<string, number>; problems: Problem[] };

/** The kinds of statements that are refused, as a person would call them. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['PartialStatement', 'a partial'],
  ['PartialBlockStatement', 'a partial block'],
  ['Decorator', 'a decorator'],
  ['DecoratorBlock', 'a decorator block'],
]);

/** Far more than anybody writes, far less than fills a stack. */
const MAX_DEPTH = 100;

function readProgram(program: hbs.AST.Program, reading: Reading, depth = 0): void {
  if (program.blockParams?.length)
    reading.problems.push(notAllowed('block parameters', program.loc.start.line));
  for (const statement of program.body) {
    if (statement.type === 'MustacheStatement') readMustache(statement as hbs.AST.MustacheStatement, reading);
    else if (statement.type === 'BlockStatement')
      readBlock(statement as hbs.AST.BlockStatement, reading, depth);
    else if (statement.type !== 'ContentStatement' && statement.type !== 'CommentStatement')
      reading.problems.push(
        notAllowed(REFUSED.get(statement.type) ?? statement.type, statement.loc.start.line),
      );
  }
}

function readMustache(mustache: hbs.AST.MustacheStatement, reading: Reading): void {
  const helper = nameOf(mustache.path);
  if (helper === 'untrusted') count(readArgument(mustache, reading), reading);
  else if (mustache.params.length > 0 || hasHash(mustache))
    reading.problems.push(unknownHelper(helper, mustache.loc.start.line));
  else if (helper === 'if' || helper === 'unless')
    reading.problems.push(notAllowed(`${helper} without a block`, mustache.loc.start.line));
  else count(readName(mustache.path, reading), reading);
}

function readBlock(block: hbs.AST.BlockStatement, reading: Reading, depth: number): void {
  if (depth === MAX_DEPTH) {
    reading.problems.push(
      notAllowed(`more than ${MAX_DEPTH} blocks inside each other`, block.loc.start.line),
    );
    return;
  }
  const helper = nameOf(block.path);
  if (helper === 'if' || helper === 'unless') readArgument(block, reading);
  else reading.problems.push(unknownHelper(helper, block.loc.start.line));
  // A missing branch is undefined, although Handlebars' types do not allow it.
  for (const branch of [block.program, block.inverse] as (hbs.AST.Program | undefined)[])
    if (branch) readProgram(branch, reading, depth + 1);
}

/** The one name that a helper is called with. */
function readArgument(
  call: hbs.AST.MustacheStatement | hbs.AST.BlockStatement,
  reading: Reading,
): string | undefined {
  const [argument, ...others] = call.params;
  if (argument?.type === 'PathExpression' && others.length === 0 && !hasHash(call))
    return readName(argument, reading);
  reading.problems.push(notAllowed(`${nameOf(call.path)} without exactly one name`, call.loc.start.line));
  return undefined;
}

function readName(path: hbs.AST.Expression, reading: Reading): string | undefined {
  const name = nameOf(path);
  const { parts = [], depth = 0, data = false } = path as Partial<hbs.AST.PathExpression>;
  const isPlain = !data && depth === 0 && parts.length === 1 && parts[0] === name;
  if (isPlain && reading.names.includes(name)) return name;
  reading.problems.push(unknownName(name, path.loc.start.line, reading.names));
  return undefined;
}

function count(name: string | undefined, { uses }: Reading): void {
  if (name !== undefined) uses.set(name, (uses.get(name) ?? 0) + 1);
}

/** An expression as it is written. */
function nameOf(expression: hbs.AST.Expression): string {
  return String((expression as Partial<hbs.AST.PathExpression>).original ?? expression.type);
}

function hasHash(call: { hash?: hbs.AST.Hash }): boolean {
  return (call.hash?.pairs.length ?? 0) > 0;
}
