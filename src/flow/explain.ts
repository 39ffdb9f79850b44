import { asFlowError, type Problem } from '../base/errors.ts';
import type { Plan, PlanMount } from '../containers/plan.ts';
import type { FlowEvent } from '../events/event.ts';
import { judgeActor } from '../profiles/allow.ts';
import { explainMatch, matchEvent, type ProfileSet } from '../profiles/match.ts';
import type { CandidateResult, Profile } from '../profiles/profile.ts';
import { NO_PROFILE_MATCHED, refusedBeforeMatching } from './no-run.ts';
import { permissionReaches } from './permission-levels.ts';

/** What `explain` says: the decision, why, and what would be launched. */
export type Explanation = {
  decision: { run: boolean; profile: string | null; reason: string; message: string; permission: string };
  candidates: CandidateResult[];
  /** Faults that would refuse the run, each with its mend. */
  problems: Problem[];
  prompt: string | null;
  plan: PlanView | null;
};

/** A plan as it is shown. */
export type PlanView = Pick<
  Plan,
  'image' | 'command' | 'setupScript' | 'workdir' | 'env' | 'network' | 'ociRuntime' | 'limits' | 'secrets'
> & {
  user: string;
  mounts: PlanMount[];
};

/** What the rest of the flow would do with a profile that matched; throws what would refuse the run. */
export type Rehearsal = {
  plan(profile: Profile, event: FlowEvent): Promise<Plan>;
  prompt(profile: Profile, event: FlowEvent): Promise<string>;
  /** Asks GitHub for the sender's permission; undefined leaves GitHub alone. */
  askPermission: ((profile: Profile, repository: string, login: string) => Promise<string>) | undefined;
};

/** Goes the way of a delivery without storing or starting anything. */
export async function explain(
  event: FlowEvent,
  profiles: ProfileSet,
  rehearsal: Rehearsal,
): Promise<Explanation> {
  const candidates = explainMatch(profiles, event);
  const refused = refusedBeforeMatching(event);
  const profile = refused ? undefined : matchEvent(profiles, event).winner?.profile;
  if (!profile) {
    const decision = {
      run: false,
      profile: null,
      permission: 'not needed',
      ...(refused ?? NO_PROFILE_MATCHED),
    };
    return { decision, candidates, problems: [], prompt: null, plan: null };
  }
  const decision = await judge(profile, event, rehearsal);
  const problems: Problem[] = [];
  const attempt = async <T>(work: Promise<T>): Promise<T | null> =>
    await work.catch((error: unknown) => {
      problems.push(asFlowError(error).toProblem());
      return null;
    });
  const plan = await attempt(rehearsal.plan(profile, event));
  const prompt = profile.execution.handler.prompt ? await attempt(rehearsal.prompt(profile, event)) : null;
  return { decision, candidates, problems, prompt, plan: plan && viewPlan(plan) };
}

async function judge(
  profile: Profile,
  event: FlowEvent,
  rehearsal: Rehearsal,
): Promise<Explanation['decision']> {
  const decision = {
    run: true,
    profile: profile.path,
    reason: 'run_queued',
    message: `Profile ${profile.path} starts a run.`,
  };
  const judgement = judgeActor(profile.allow, event.actor);
  if (judgement === 'allowed') return { ...decision, permission: 'not needed' };
  if ('denied' in judgement)
    return {
      ...decision,
      run: false,
      reason: judgement.denied.code,
      message: judgement.denied.message,
      permission: 'not needed',
    };
  if (!rehearsal.askPermission || !judgement.ask) return { ...decision, permission: 'not asked' };
  const login = event.actor?.login ?? '';
  const asked = await rehearsal
    .askPermission(profile, event.repository?.fullName ?? '', login)
    .catch(asFlowError);
  if (typeof asked !== 'string')
    return {
      ...decision,
      run: false,
      reason: 'permission_unknown',
      message: asked.message,
      permission: 'unknown',
    };
  if (permissionReaches(asked, judgement.ask)) return { ...decision, permission: asked };
  const message = `${login} has the permission ${asked}; the profile asks for ${judgement.ask}.`;
  return { ...decision, run: false, reason: 'permission_too_low', message, permission: asked };
}

function viewPlan(plan: Plan): PlanView {
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
    mounts: [...mounts],
  };
}
