import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import { default as addFormats } from 'ajv-formats';

type Schema = Record<string, unknown>;
type Media = { schema: Schema; examples?: Record<string, { $ref?: string; value?: unknown }> };
type Parameter = { name: string; in: 'path' | 'query' | 'header'; required?: boolean; schema: Schema };
type Operation = {
  parameters?: (Parameter | { $ref: string })[];
  requestBody?: { required?: boolean; content: Record<string, Media> };
  responses: Record<string, { content?: Record<string, Media> } | { $ref: string }>;
};
type Description = {
  paths: Record<string, Record<string, Operation>>;
  components: Record<string, Record<string, unknown>>;
};

/** A request as the description sees it. */
export type DescribedRequest = { method: string; path: string; query: URLSearchParams; body: unknown };

/** GitHub's own OpenAPI description of its API: what a request may be, and what an answer must be. */
export type GitHubDescription = {
  /** The methods of every path by its template (`/repos/{owner}/{repo}`), those with fewer holes first. */
  operations: Operations;
  /** What is wrong with a request; empty when GitHub's description allows it. */
  faultsOfRequest(request: DescribedRequest): string[];
  /** What is wrong with an answer; error answers are held against GitHub's error schema. */
  faultsOfAnswer(template: string, method: string, status: number, body: unknown): string[];
  /** All examples of successful answers of one path, by method and status. */
  examplesOf(template: string): Record<string, Record<string, Record<string, unknown>>>;
};

/** Methods by template. */
export type Operations = [template: string, methods: string[]][];

/** The template of a path (`/repos/{owner}/{repo}`) and the values in it; undefined when GitHub has no such path. */
export function matchPath(
  operations: Operations,
  method: string,
  path: string,
): { template: string; values: Record<string, string> } | undefined {
  for (const [template, methods] of operations) {
    const values = methods.includes(method.toLowerCase()) ? valuesIn(template, path) : undefined;
    if (values) return { template, values };
  }
  return undefined;
}

export function loadGitHubDescription(): GitHubDescription {
  const file = createRequire(import.meta.url).resolve('@octokit/openapi/generated/api.github.com.json');
  const description = typed(JSON.parse(readFileSync(file, 'utf8'))) as Description;
  const ajv = new Ajv({ strict: false, validateSchema: false, coerceTypes: false, allErrors: true });
  (addFormats as unknown as (ajv: Ajv) => void)(ajv);
  ajv.addSchema(description, 'github');

  const follow = <T>(value: T | { $ref: string }): T => {
    if (!(typeof value === 'object' && value !== null && '$ref' in value)) return value as T;
    const steps = (value as { $ref: string }).$ref.slice(2).split('/');
    return follow(steps.reduce<unknown>((at, step) => (at as Schema)[step], description) as T);
  };
  const checks = new WeakMap<Schema, ReturnType<Ajv['compile']>>();
  const issues = (schema: Schema, value: unknown, where: string): string[] => {
    const check = checks.get(schema) ?? ajv.compile(rooted(schema) as Schema);
    checks.set(schema, check);
    return check(value) ? [] : [`${where}: ${ajv.errorsText(check.errors)}`];
  };
  const operations = Object.entries(description.paths)
    .map(([template, methods]): Operations[number] => [template, Object.keys(methods)])
    .toSorted(([a], [b]) => holes(a) - holes(b));
  const operationOf = (template: string, method: string): Operation | undefined =>
    description.paths[template]?.[method.toLowerCase()];
  const mediaOf = (template: string, method: string, status: number): Media | undefined => {
    const answer = operationOf(template, method)?.responses[String(status)];
    return answer && follow(answer).content?.['application/json'];
  };
  const example = (template: string, method: string, status: number): Record<string, unknown> => {
    const examples = Object.values(mediaOf(template, method, status)?.examples ?? {});
    const value = examples[0] && follow<{ value?: unknown }>(examples[0]).value;
    return (Array.isArray(value) ? value[0] : value) as Record<string, unknown>;
  };
  return {
    operations,
    examplesOf: (template) =>
      Object.fromEntries(
        Object.entries(description.paths[template] ?? {}).map(([method, { responses }]) => [
          method,
          Object.fromEntries(
            Object.keys(responses ?? {})
              .filter((status) => status.startsWith('2'))
              .map((status) => [status, example(template, method, Number(status))]),
          ),
        ]),
      ),
    faultsOfRequest({ method, path, query, body }) {
      const found = matchPath(operations, method, path);
      const operation = found && operationOf(found.template, method);
      if (!operation) return [`${method} ${path} is not in GitHub’s description`];
      const parameters = (operation.parameters ?? []).map((parameter) => follow<Parameter>(parameter));
      const known = parameters.filter((parameter) => parameter.in === 'query');
      const media = operation.requestBody?.content['application/json'];
      return [
        ...[...query.keys()]
          .filter((name) => !known.some((each) => each.name === name))
          .map((name) => `unknown query ${name}`),
        ...parameters.flatMap((parameter) => {
          const text = parameter.in === 'path' ? found.values[parameter.name] : query.get(parameter.name);
          if (parameter.in === 'header') return [];
          if (text === null || text === undefined) return parameter.required ? [`no ${parameter.name}`] : [];
          const numeric = ['integer', 'number'].includes(String(follow<Schema>(parameter.schema).type));
          return issues(parameter.schema, numeric ? Number(text) : text, parameter.name);
        }),
        ...(media && body !== undefined ? issues(media.schema, body, 'body') : []),
        ...(media === undefined && body !== undefined ? ['a body where none belongs'] : []),
        ...(operation.requestBody?.required && body === undefined ? ['no body'] : []),
      ];
    },
    faultsOfAnswer(template, method, status, body) {
      const schema = mediaOf(template, method, status)?.schema ?? (status >= 400 ? ERROR : undefined);
      return schema ? issues(schema, body, `${status}`) : [`${method} ${template} never answers ${status}`];
    },
  };
}

const ERROR: Schema = { $ref: '#/components/schemas/basic-error' };

/** OpenAPI 3.0 lets `nullable` stand beside a choice of schemas, which Ajv takes only beside a type. */
function typed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(typed);
  if (typeof value !== 'object' || value === null) return value;
  const parts = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, typed(part)]));
  if (parts.nullable !== true || 'type' in parts) return parts;
  const { nullable: _nullable, ...schema } = parts;
  return { anyOf: [schema, { type: 'object', nullable: true, enum: [null] }] };
}

/** References of a part of the document, told apart from those of the part itself. */
function rooted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rooted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      key,
      key === '$ref' && typeof part === 'string' ? part.replace(/^#/, 'github#') : rooted(part),
    ]),
  );
}

function holes(template: string): number {
  return template.split('{').length;
}

function valuesIn(template: string, path: string): Record<string, string> | undefined {
  const [wanted, given] = [template.split('/'), path.split('/')];
  if (wanted.length !== given.length) return undefined;
  const values: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const text = given[index] ?? '';
    const name = /^\{(.+)\}$/.exec(part)?.[1];
    if (name === undefined ? part !== text : text === '') return undefined;
    if (name !== undefined) values[name] = decodeURIComponent(text);
  }
  return values;
}
