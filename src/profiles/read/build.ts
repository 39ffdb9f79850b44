import { type Agent, grantedAgents, loginGrants } from '../../agents/agent.ts';
import type { Issue, Problem } from '../../base/errors.ts';
import { jsonPointer } from '../../base/json.ts';
import { ATTRIBUTES, type AttributeName, type Scalar } from '../../events/event.ts';
import type { Policy } from '../../policy/policy.ts';
import { fullAllow } from '../allow.ts';
import { targetIssue } from '../branch-rules.ts';
import { promptNotNamed, tooManyCandidates } from '../errors.ts';
import { appGrantProblems, toSecrets } from '../named-secrets.ts';
import type {
  Candidate,
  CheckoutRule,
  Handler,
  Profile,
  PromptVariable,
  Runtime,
  Trigger,
} from '../profile.ts';
import { toPublish } from '../publish.ts';
import type { FragmentSettings, VariableSetting } from './fragment.ts';
import { type Line, mergeLine, originOf } from './merge.ts';
import type { PromptFile } from './prompt-file.ts';
import { toRuntime } from './runtime.ts';
import { ownPlaceProblems, policyIssues } from './runtime-checks.ts';

/** The result for one line of fragments: a profile, a default that lacks something, or errors. */
type Built = { profile: Profile } | { missing: string[] } | { issues: Issue[] };

/** What building needs from outside: the prompt that a fragment's promptRef names, and the check of a template. */
export type BuildTools = {
  promptOf(file: string, ref: string): Promise<{ prompt: PromptFile } | { issue: Issue }>;
  checkPrompt(template: string, names: readonly string[]): readonly Problem[];
  policy: Policy;
  agents: readonly Agent[];
  /** The network of profiles without `runtime.network`. */
  networkDefault: Runtime['network'] & {};
  /** The user of runs whose profile names none (RUN_AS); undefined while that is unknown. */
  runAs?: { uid: number; gid: number } | undefined;
};

/** Two further attempts, about ten and twenty seconds later, as long as the agent has not begun. */
const DEFAULT_RETRY = { attempts: 3, backoffSec: 10, on: 'before-start' } as const;

/** Merges a line and makes its profile. */
export async function buildProfile(line: Line, tools: BuildTools): Promise<Built> {
  const settings = mergeLine(line);
  const own = line.at(-1) ?? line[0];
  const complete = completeOf(settings);
  if ('missing' in complete) return complete;
  const { trigger, handler, runtime, image } = complete;
  const fileOf = (key: string): string => originOf(line, ['execution', 'runtime', key]);
  const made = toRuntime(runtime, image, fileOf, tools.policy);
  const variables = toVariables(handler.promptVariables ?? {});
  const prompt = await promptOfLine(line, handler, variables, tools);
  const checkout = toCheckout(settings.checkout);
  const publish = toPublish(settings.publish);
  const count = countCandidates(trigger);
  const refused = policyIssues(made.runtime, { ...tools, setting: runtime, fileOf });
  const logins = loginGrants(settings.credentials);
  const issues = [
    ...made.issues,
    ...ownPlaceProblems(made.runtime, grantedAgents(logins, tools.agents)).map(({ key, ...problem }) => ({
      ...problem,
      file: fileOf(key),
      path: jsonPointer('execution', 'runtime', key),
    })),
    ...appGrantProblems(settings.credentials).map((problem) => ({
      ...problem,
      file: originOf(line, ['credentials', 'github', 'app']),
      path: jsonPointer('credentials', 'github', 'app'),
    })),
    ...refused,
    ...prompt.issues,
    ...targetIssue(originOf(line, ['checkout', 'ref']), { checkout, publish }),
  ];
  if (count > MAX_CANDIDATES)
    issues.push(tooManyCandidates(originOf(line, ['trigger']), count, MAX_CANDIDATES));
  if (issues.length > 0) return { issues };
  return {
    profile: {
      path: own.folder,
      description: own.description,
      trigger,
      allow: fullAllow(settings.allow),
      execution: { handler: toHandler(handler, prompt.found, variables), runtime: made.runtime },
      credentials: {
        github: toGitHub(settings.credentials?.github),
        ...logins,
        secrets: toSecrets(settings.credentials?.secrets),
      },
      checkout,
      ...concurrencyOf(settings.concurrency),
      retry: { ...DEFAULT_RETRY, ...settings.retry },
      report: {
        ...settings.report,
        reaction: settings.report?.reaction ?? true,
        comment: settings.report?.comment ?? 'on-failure',
      },
      ...(settings.budget && { budget: settings.budget }),
      publish,
    },
  };
}

/** Without a group nothing waits, whatever `onBusy` is. */
function concurrencyOf({ group, onBusy = 'queue' }: NonNullable<FragmentSettings['concurrency']> = {}) {
  return group ? { concurrency: { group, onBusy } } : {};
}

function toGitHub(
  setting: NonNullable<FragmentSettings['credentials']>['github'],
): Profile['credentials']['github'] {
  if (!setting) return undefined;
  const { permissions, env, app } = setting;
  return { permissions, ...(env ? { env } : {}), ...(app ? { app } : {}) };
}

type HandlerSetting = NonNullable<NonNullable<FragmentSettings['execution']>['handler']>;
type CompleteHandler = HandlerSetting & Required<Pick<HandlerSetting, 'type' | 'command'>>;

type Complete = {
  trigger: NonNullable<FragmentSettings['trigger']>;
  handler: CompleteHandler;
  runtime: NonNullable<NonNullable<FragmentSettings['execution']>['runtime']>;
  image: Runtime['image'];
};

function completeOf({ trigger, execution }: FragmentSettings): Complete | { missing: string[] } {
  const { handler, runtime } = execution ?? {};
  if (
    trigger?.event !== undefined &&
    handler?.type !== undefined &&
    handler.command !== undefined &&
    runtime?.image !== undefined
  )
    return { trigger, handler: handler as CompleteHandler, runtime, image: runtime.image };
  return {
    missing: [
      ...(trigger?.event === undefined ? ['trigger.event'] : []),
      ...(handler?.type === undefined ? ['execution.handler.type'] : []),
      ...(handler?.command === undefined ? ['execution.handler.command'] : []),
      ...(runtime?.image === undefined ? ['execution.runtime.image'] : []),
    ],
  };
}

async function promptOfLine(
  line: Line,
  handler: CompleteHandler,
  variables: readonly PromptVariable[],
  tools: BuildTools,
): Promise<{ found: PromptFile | undefined; issues: Issue[] }> {
  const ref = handler.promptRef;
  if (ref === undefined) {
    const issues = handler.type === 'agent' ? [promptNotNamed((line.at(-1) ?? line[0]).file)] : [];
    return { found: undefined, issues };
  }
  const found = await tools.promptOf(originOf(line, ['execution', 'handler', 'promptRef']), ref);
  if ('issue' in found) return { found: undefined, issues: [found.issue] };
  const { path, text } = found.prompt;
  const problems = tools.checkPrompt(
    text,
    variables.map(({ name }) => name),
  );
  return { found: found.prompt, issues: problems.map((problem) => ({ ...problem, file: path })) };
}

function toHandler(
  setting: CompleteHandler,
  prompt: PromptFile | undefined,
  promptVariables: readonly PromptVariable[],
): Handler {
  const { type, agent, command, args } = setting;
  return { type, ...(agent && { agent }), command, args: args ?? [], prompt, promptVariables };
}

function toVariables(settings: Readonly<Record<string, VariableSetting>>): PromptVariable[] {
  return Object.entries(settings).map(([name, { path, required, default: other }]) => ({
    name,
    path,
    required,
    default: required ? '' : (other ?? ''),
  }));
}

/** `from` decides: a ref of a fragment above does not count when a nearer fragment sets another `from`. */
function toCheckout(setting: FragmentSettings['checkout']): CheckoutRule {
  const from = (setting?.from ?? 'auto') as CheckoutRule['from'];
  const { depth, agentConfig = 'base' } = setting ?? {};
  return { from, ref: from === 'ref' ? setting?.ref : undefined, depth, agentConfig };
}

/** The most candidates that one profile may have. */
const MAX_CANDIDATES = 10_000;

/** How many candidates a trigger has: its lists, each value counted once, multiplied. */
function countCandidates(trigger: Trigger): number {
  return conditionLists(trigger).reduce((count, [, values]) => count * values.length, 1);
}

/** A profile once for every combination of the values in its trigger's lists; none when a list is empty. */
export function expandProfile(profile: Profile): Candidate[] {
  const { labels, filter } = profile.trigger;
  let combinations: [AttributeName, Scalar][][] = [[]];
  for (const [name, values] of conditionLists(profile.trigger))
    combinations = combinations.flatMap((known) =>
      values.map((value): [AttributeName, Scalar][] => [...known, [name, value]]),
    );
  return combinations.map((conditions) => ({
    profile,
    conditions: Object.fromEntries(conditions),
    labels: labels && [...new Set(labels)],
    filter,
  }));
}

function conditionLists(trigger: Trigger): [AttributeName, Scalar[]][] {
  return ATTRIBUTES.flatMap((name) => {
    const written = trigger[name];
    return written === undefined ? [] : [[name, [...new Set([written].flat())]] as [AttributeName, Scalar[]]];
  });
}
