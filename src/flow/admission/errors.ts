import { FlowError, type Problem } from '../../base/errors.ts';
import { quoted } from '../../base/text.ts';
import { counted } from '../../base/words.ts';
import { OWN_WORK } from '../../runs/store/start-store.ts';

/** The sender is the account that the service itself speaks as. */
export function ownAccount(login: string): Problem {
  return {
    code: 'own_account',
    message: `${login} is the account that github-flows itself works with here, so what it does starts no run.`,
    hint: `Give the service an account of its own (a GitHub App, or a robot's token); or name ${JSON.stringify(login)} in allow.actors of the profile, if what its agents write as ${login} may start runs too.`,
  };
}

/** The live permission is below what the profile asks for. */
export function permissionTooLow(login: string, permission: string, wanted: string): Problem {
  return {
    code: 'permission_too_low',
    message: `${login} has the permission ${permission} on this repository; the profile asks for ${wanted}.`,
    hint: 'Give the account that permission on GitHub, or name it in allow.actors of the profile.',
  };
}

/** A public repository is read by everybody, and the account is none of those who belong to it. */
export function readIsEverybodys(login: string): Problem {
  return {
    code: 'permission_too_low',
    message: `${login} reads this public repository as everybody may; the profile asks for somebody who belongs to it.`,
    hint: 'Make the account a collaborator on GitHub, or name it in allow.actors of the profile; "permission": "any" lets everybody in, within a budget.',
  };
}

/** GitHub gave no answer about the permission. */
export function permissionUnknown(login: string, cause: FlowError): Problem {
  return {
    code: 'permission_unknown',
    message: `GitHub did not say which permission ${login || 'the sender'} has (${cause.code}: ${cause.message}), and no answer means no.`,
    hint: cause.hint,
  };
}

/** In a locked conversation only those with write permission take part. */
export function threadLocked(login: string, permission: string): Problem {
  return {
    code: 'thread_locked',
    message: `The conversation is locked, and ${login} has the permission ${permission}; only write permission takes part in it.`,
    hint: 'Unlock the conversation, or let somebody with write permission ask.',
  };
}

/** In none of the teams, as far as GitHub shows them. */
export function teamNotAllowed(login: string, teams: readonly string[]): Problem {
  return {
    code: 'team_not_allowed',
    message: `${login} is in none of the teams that may start this: ${teams.join(', ')}.`,
    hint: 'Add the account to one of them, or name it in allow.actors; a secret team must be one that the credential may see (read access to members).',
  };
}

/** Every team belongs to an organisation that does not own the repository. */
export function teamElsewhere(teams: readonly string[], owner: string): Problem {
  return {
    code: 'team_elsewhere',
    message: `The teams that may start this (${teams.join(', ')}) are of other organisations than ${owner}, which owns the repository.`,
    hint: `Name teams as ${owner}/team-slug in allow.teams, or people in allow.actors.`,
  };
}

/** GitHub gave no answer about a team. */
export function teamUnknown(login: string, team: string, cause: FlowError): Problem {
  return {
    code: 'team_unknown',
    message: `GitHub did not say whether ${login} is in ${team} (${cause.code}: ${cause.message}), and no answer means no.`,
    hint:
      cause.code === 'github_refused'
        ? 'Give the credential read access to the organisation’s members.'
        : cause.hint,
  };
}

/** The pull request, or without one the commit, comes from another repository. */
export function forkNotAllowed(number: number | undefined): Problem {
  const what = number === undefined ? 'The commit' : `Pull request ${number}`;
  return {
    code: 'fork_not_allowed',
    message: `${what} comes from another repository, and allow.forks of the profile is false.`,
    hint: 'Push the branch to this repository, or set allow.forks to true in the profile.',
  };
}

/** GitHub gave no answer about where a pull request comes from. */
export function forkUnknown(number: number, cause: FlowError): Problem {
  return {
    code: 'fork_unknown',
    message: `GitHub did not say where pull request ${number} comes from (${cause.code}: ${cause.message}), and no answer means no.`,
    hint: cause.hint,
  };
}

/** No branch of the repository holds the commit that the event names, so that it counts as a fork's. */
export function commitOnNoBranch(commit: string): Problem {
  return {
    code: 'fork_not_allowed',
    message: `The commit ${commit} is on no branch of this repository, so that it counts as a fork’s, and allow.forks of the profile is false.`,
    hint: 'Push the commit to a branch of this repository, or set allow.forks to true in the profile.',
  };
}

/** GitHub gave no answer about whether a branch of the repository holds the commit. */
export function commitUnknown(commit: string, cause: FlowError): Problem {
  return {
    code: 'fork_unknown',
    message: `Whether a branch of this repository holds the commit ${commit} could not be found out (${cause.code}: ${cause.message}), and no answer means no.`,
    hint: cause.hint,
  };
}

/** GitHub gave no answer about the head of a pull request, which the run would work on. */
export function headUnknown(cause: FlowError): Problem {
  return {
    code: 'head_unknown',
    message: `Where the head of the pull request is could not be found out (${cause.code}: ${cause.message}), so that nothing is started on what it may become.`,
    hint: cause.hint,
  };
}

/** Bots keep starting runs: on one thread (`place` null), or of one profile for one branch or commit. */
export function loopStopped(count: number, minutes: number, place: string | null): Problem {
  const where = place === null ? 'on this thread' : `of this profile ${placeText(place)}`;
  return {
    code: 'loop_stopped',
    message: `Bots or the service’s own account started ${counted(count, 'run')} ${where} within ${counted(minutes, 'minute')}, so no other one starts.`,
    hint: 'See what answers what; a person can go on at any time, and LOOP_RUNS and LOOP_WINDOW_MIN set the limit.',
  };
}

function placeText(place: string): string {
  if (place === OWN_WORK) return 'for what its runs pushed';
  return place === '' ? 'in this repository' : `for ${place}`;
}

/** The profile drops what comes while its group is busy. */
export function groupBusy(runId: string): Problem {
  return {
    code: 'group_busy',
    message: `Run ${runId} keeps its group busy, and concurrency.onBusy of the profile is drop.`,
    hint: 'Ask again when that run has ended, or say /cancel first.',
  };
}

const BUDGET_OF = {
  actor: { code: 'budget_actor_spent', whose: '' },
  repository: { code: 'budget_repository_spent', whose: 'The repository ' },
  profile: { code: 'budget_profile_spent', whose: 'The profile ' },
} as const;

/** A budget of the day is used up, or what is left of it is less than the run may take. */
export function budgetSpent(scope: keyof typeof BUDGET_OF, key: string, what: string): Problem {
  const { code, whose } = BUDGET_OF[scope];
  return {
    code,
    message: `${whose}${key} has ${what}.`,
    hint: 'The next day begins at midnight UTC; the operator can raise the budget (docs/github.md).',
  };
}

/** The thread has no run, or none with the id behind the command. */
export function commandNoRun({ name, runId }: { name: string; runId: string | undefined }): Problem {
  const which = runId === undefined ? 'no run' : `no run ${quoted(runId, 50)}`;
  return {
    code: 'command_no_run',
    message: `The comment says /${name}, but this thread has ${which}.`,
    hint: 'Say the command by itself, or with the id of a run of this thread behind it.',
  };
}

/** All runs of the thread have ended. */
export function commandNothingToDo(name: string): Problem {
  return {
    code: 'command_nothing_to_do',
    message: `There is no run of this thread that /${name} could be about: none is under way.`,
    hint: 'Comment /status to see the newest run, or /retry to retry it.',
  };
}

/** Nobody can be judged by a profile that is gone. */
export function commandProfileGone(run: { id: string; profile: string }): Problem {
  return {
    code: 'command_profile_gone',
    message: `Run ${run.id} was started by the profile ${run.profile}, which is not there any more.`,
    hint: 'Start a new run; whoever runs github-flows can start this one again with `github-flows runs retry`.',
  };
}

/** A first word that is one slip away from a command. */
export function commandMistyped({ word, meant }: { word: string; meant: string }): Problem {
  const code = (text: string): string => `\`${text.replaceAll('`', "'")}\``;
  return {
    code: 'command_mistyped',
    message: `${code(word)} is no command here; did you mean ${code(meant)}?`,
    hint: `Write ${code(meant)} anew, as the first word, in these very letters and with a blank behind it; an edit starts nothing.`,
  };
}

/** A rule of `checkout` needs a pull request. */
export function checkoutNoPullRequest(rule: string, eventName: string): FlowError {
  return new FlowError({
    code: 'checkout_no_pull_request',
    blame: 'profile',
    message: `The profile checks out ${rule}, but this ${eventName} event is about no pull request.`,
    hint: 'Add "isPullRequest": true to the trigger, or remove `checkout` to take what fits the event.',
  });
}
