import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { inject } from 'vitest';
import { type DescribedRequest, matchPath, type Operations } from './description.ts';

/** What the process that has read GitHub's description is asked. */
export type Asked =
  | { about: 'paths'; templates: string[] }
  | { about: 'request'; request: Omit<DescribedRequest, 'query'>; query: string }
  | { about: 'answer'; template: string; method: string; status: number; body: unknown };

/** What a stand-in for GitHub takes from GitHub's description. */
export type DescribedGitHub = {
  match(method: string, path: string): ReturnType<typeof matchPath>;
  /** What is wrong with a request; empty when GitHub's description allows it. */
  faultsOfRequest(request: DescribedRequest): Promise<string[]>;
  /** What is wrong with an answer; error answers are held against GitHub's error schema. */
  faultsOfAnswer(template: string, method: string, status: number, body: unknown): Promise<string[]>;
  /** The example of an answer that the description gives, of one of the paths that were asked for. */
  example(template: string, method: string, status: number): Record<string, unknown>;
};

type Paths = {
  operations: Operations;
  examples: [string, Record<string, Record<string, Record<string, unknown>>>][];
};

const agent = new Agent({ keepAlive: true });

/** GitHub's description with the examples of these paths. One process has read it for all test files: it is large. */
export async function describeGitHub(templates: string[]): Promise<DescribedGitHub> {
  const { operations, examples } = (await ask({ about: 'paths', templates })) as Paths;
  const byTemplate = new Map(examples);
  return {
    match: (method, path) => matchPath(operations, method, path),
    faultsOfRequest: async ({ query, ...rest }) =>
      (await ask({ about: 'request', request: rest, query: query.toString() })) as string[],
    faultsOfAnswer: async (template, method, status, body) =>
      (await ask({ about: 'answer', template, method, status, body })) as string[],
    example: (template, method, status) =>
      structuredClone(byTemplate.get(template)?.[method]?.[status]) as Record<string, unknown>,
  };
}

async function ask(asked: Asked): Promise<unknown> {
  const socketPath = inject('githubDescription');
  const [status, answered] = await new Promise<[number | undefined, string]>((resolve, reject) => {
    const outgoing = request({ socketPath, agent, method: 'POST' }, (response) => {
      void text(response).then((body) => resolve([response.statusCode, body]), reject);
    });
    outgoing.once('error', reject).end(JSON.stringify(asked));
  });
  if (status !== 200) throw new Error(answered);
  return JSON.parse(answered);
}
