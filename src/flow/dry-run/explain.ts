import { asFlowError, type Problem } from '../../base/errors.ts';
import type { Plan, PlanMount } from '../../containers/plan.ts';
import type { ListedHosts } from '../../egress/allow-list.ts';
import type { FlowEvent } from '../../events/event.ts';
import { judgeActor } from '../../profiles/allow.ts';
import { explainMatch, matchEvent, type ProfileSet } from '../../profiles/match/match.ts';
import { type RankedMatch, rankMatches } from '../../profiles/match/ranking.ts';
import type { CandidateResult, Profile } from '../../profiles/profile.ts';
import { type CommentCommand, findMistyped, readCommentCommand } from '../admission/comment-commands.ts';
import { commandMistyped, forkNotAllowed } from '../admission/errors.ts';
import { NO_PROFILE_MATCHED, type NoRunReason, prefilter } from '../admission/prefilter.ts';
import { appSecretOf, tokenMount } from '../github/github-credential.ts';
import type { AdmissionDryRun } from './admission.ts';
import { commandVerdict, type DryRunVerdict, dryRunVerdict, wouldBeRefused } from './verdict.ts';

/** The answer of `explain`: the decision, why, and what would be launched. */
export type Explanation = {
  verdict: DryRunVerdict;
  decision: { run: boolean; profile: string | null; reason: string; message: string; permission: string };
  /** Every profile that matches, best first; empty for an event that no profile is compared with. */
  ranking: RankedMatch[];
  candidates: CandidateResult[];
  /** Issues that would refuse the run, each with its hint. */
  problems: Problem[];
  /** Credentials of the run that are not ready on this host, each with its hint. */
  missing: Problem[];
  prompt: string | null;
  plan: PlanView | null;
};

/** A plan as it is shown. */
type PlanView = Pick<
  Plan,
  'image' | 'command' | 'setupScript' | 'workdir' | 'env' | 'network' | 'ociRuntime' | 'limits' | 'secrets'
> & {
  user: string;
  /** What is mounted; the GitHub token is none of it. */
  mounts: PlanMount[];
  githubToken: TokenOrigin | null;
  /** The hosts that a network with a list reaches, entry by entry; null for the other networks. */
  hosts: ListedHosts[] | null;
};

/** What the rest of the flow would do with a profile that matched; throws what would refuse the run. */
export type DryRun = {
  plan(profile: Profile, event: FlowEvent): Promise<Plan>;
  prompt(profile: Profile, event: FlowEvent): Promise<string>;
  /** What the entries of a list of hosts stand for. */
  hosts(allow: readonly string[]): ListedHosts[];
  /** What of the credentials that a run is granted is not ready on this host. */
  missing(profile: Profile, plan: Plan): Promise<Problem[]>;
  /** The Apps that may give a token for a repository (`owner/name`), in the order in which they are asked. */
  appsFor(repository: string): Promise<string[]>;
  /** Asks GitHub and the stored runs as admission would; undefined asks neither. */
  admission: AdmissionDryRun | undefined;
};

/** Decides and plans as for a delivery, and stores and starts nothing. */
export async function explain(event: FlowEvent, profiles: ProfileSet, dryRun: DryRun): Promise<Explanation> {
  const candidates = explainMatch(profiles, event);
  const refused = prefilter(event, (await dryRun.admission?.isOwnComment(event)) ?? false);
  const command = refused ? undefined : readCommentCommand(event, profiles);
  const profile = refused || command ? undefined : matchEvent(profiles, event).winner?.profile;
  if (!profile) {
    const none = { run: false, profile: null, permission: 'not needed' };
    const decision = command
      ? { ...none, ...(await explainCommand(event, command, profiles, dryRun)) }
      : { ...none, ...(refused ?? whyNothing(event, profiles)) };
    const nothing = { ranking: [], problems: [], missing: [], prompt: null, plan: null };
    const isCarriedOut = command !== undefined && decision.reason === `command_${command.name}`;
    const verdict = isCarriedOut
      ? commandVerdict(command.name, dryRun.admission !== undefined)
      : wouldBeRefused(decision.message);
    return { verdict, decision, candidates, ...nothing };
  }
  const decision = await decideStart(profile, event, dryRun);
  const problems: Problem[] = [];
  const attempt = async <T>(work: Promise<T>): Promise<T | null> =>
    await work.catch((error: unknown) => {
      problems.push(asFlowError(error).toProblem());
      return null;
    });
  const plan = await attempt(dryRun.plan(profile, event));
  const prompt = profile.execution.handler.prompt ? await attempt(dryRun.prompt(profile, event)) : null;
  const missing = plan ? await dryRun.missing(profile, plan) : [];
  const isAsked = dryRun.admission !== undefined;
  const verdict = decision.run
    ? dryRunVerdict({ profile, event, isAsked, problems, missing })
    : wouldBeRefused(decision.message);
  const ranking = rankMatches(candidates);
  const apps = async (): Promise<string[]> => await dryRun.appsFor(event.repository?.fullName ?? '');
  const view = plan && viewPlan(plan, await tokenOrigin(profile, plan, apps), dryRun);
  return { verdict, decision, ranking, candidates, problems, missing, prompt, plan: view };
}

/** The event may be one letter away from a command of a profile; commands to runs need the stored runs. */
function whyNothing(event: FlowEvent, profiles: ProfileSet): NoRunReason {
  const near = findMistyped(event, profiles);
  if (!near?.profile) return NO_PROFILE_MATCHED;
  const { code: reason, message } = commandMistyped(near);
  return { reason, message };
}

/** What a command to the runs of the thread would do, whatever profiles match. */
async function explainCommand(
  event: FlowEvent,
  command: CommentCommand,
  profiles: ProfileSet,
  { admission }: DryRun,
): Promise<{ reason: string; message: string; permission: string }> {
  const reason = `command_${command.name}`;
  const text = `The comment says /${command.name} to the runs of its thread`;
  if (!admission) return { reason, message: `${text}; --ask looks which they are.`, permission: 'not asked' };
  const { problem, permission, runs } = await admission.command(event, command, profiles);
  const answer = problem
    ? { reason: problem.code, message: problem.message }
    : { reason, message: `${text}: ${runs.join(', ')}.` };
  return { ...answer, permission: permissionWord(problem, permission) };
}

async function decideStart(
  profile: Profile,
  event: FlowEvent,
  { admission }: DryRun,
): Promise<Explanation['decision']> {
  const decision = {
    run: true,
    profile: profile.path,
    reason: 'run_queued',
    message: `Profile ${profile.path} starts a run.`,
  };
  const rule = judgeActor(profile.allow, event.actor);
  const refuse = ({ code, message }: Problem) => ({ ...decision, run: false, reason: code, message });
  if (typeof rule === 'object' && 'denied' in rule)
    return { ...refuse(rule.denied), permission: 'not needed' };
  const permission = rule === 'allowed' ? 'not needed' : 'not asked';
  if (!admission && isKnownFork(profile, event))
    return { ...refuse(forkNotAllowed(event.pullRequest?.number)), permission };
  if (!admission) return { ...decision, permission };
  const { problem, permission: asked } = await admission.start(profile, event);
  return { ...(problem ? refuse(problem) : decision), permission: permissionWord(problem, asked) };
}

/** Whether the payload alone shows a fork that the profile does not admit. */
function isKnownFork({ allow }: Profile, { pullRequest, attributes }: FlowEvent): boolean {
  return allow.forks === false && (pullRequest ? pullRequest.isFork : attributes.isFork) === true;
}

function permissionWord(problem: Problem | undefined, permission: string | undefined): string {
  return permission ?? (problem?.code === 'permission_unknown' ? 'unknown' : 'not needed');
}

function viewPlan(plan: Plan, githubToken: TokenOrigin | null, { hosts }: DryRun): PlanView {
  const { image, command, setupScript, workdir, env, network, ociRuntime, limits, secrets, user, mounts } =
    plan;
  return {
    image,
    command,
    setupScript,
    workdir,
    user: `${user.uid}:${user.gid}`,
    env,
    network,
    ociRuntime,
    limits,
    secrets,
    mounts: mounts.filter((mount) => mount !== tokenMount(plan)),
    githubToken,
    hosts: typeof network === 'object' && 'allow' in network ? hosts(network.allow) : null,
  };
}

/**
 * Where the token comes from that a run finds in `file`: of the App in the secret that its profile names, else of the
 * first of `apps` that is installed on its repository, else it is a copy of `copyOf`.
 */
export type TokenOrigin = { file: string; secret: string | null; apps: string[]; copyOf: string | null };

/** Null for a run that is granted no token; `appsFor` names the Apps that may serve a repository, as far as is known without asking GitHub. */
async function tokenOrigin(
  profile: Profile,
  plan: Pick<Plan, 'mounts'>,
  appsFor: () => Promise<string[]>,
): Promise<TokenOrigin | null> {
  const mount = tokenMount(plan);
  if (!mount) return null;
  const secret = appSecretOf(profile).appSecret?.name ?? null;
  if (secret !== null) return { file: mount.target, secret, apps: [], copyOf: null };
  return { file: mount.target, secret, apps: await appsFor(), copyOf: mount.source };
}
