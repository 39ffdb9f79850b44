import { FlowError, type Problem } from '../../base/errors.ts';

/** The moments at which GitHub is asked again. */
export type RecheckPoint = 'start' | 'publish';

const KEPT = 'the patch is kept with this run (`github-flows runs show`).';

/** A thread that was open when its event came is closed before the start. */
export function threadClosed(what: string): Problem {
  return {
    code: 'thread_closed',
    message: `${what} was closed before the agent started, so it was not started.`,
    hint: 'Open it again, and start the run anew when it is still wanted.',
  };
}

/** A thread that was open when its event came is closed before the publication. */
export function closedMeanwhile(what: string): Problem {
  return {
    code: 'publish_thread_closed',
    message: `${what} was closed meanwhile, so nothing was pushed or posted.`,
    hint: `Open it again and start a new run; ${KEPT}`,
  };
}

/** GitHub leads to another repository. */
export function threadMoved(what: string, moment: RecheckPoint): Problem {
  return {
    code: 'thread_moved',
    message: `${what} was moved to another repository.`,
    hint: `Start a run there when it is still wanted${moment === 'publish' ? `; ${KEPT}` : '.'}`,
  };
}

/** GitHub does not show the thread any more. */
export function threadGone(what: string, moment: RecheckPoint): Problem {
  return {
    code: 'thread_gone',
    message: `${what} was deleted, or moved to where this credential sees nothing.`,
    hint:
      moment === 'publish'
        ? `Nothing is published without it; ${KEPT}`
        : 'Start a new run when it is still wanted.',
  };
}

/** The comment that started the run was deleted. */
export function commentDeleted(what: string): Problem {
  return {
    code: 'comment_deleted',
    message: `The comment on ${what} that asked for this run was deleted before the agent started.`,
    hint: 'Write it again when it is still wanted.',
  };
}

/** The actor was allowed when the event came, and is not any more. */
export function rightLost(login: string, { message, hint }: Problem): Problem {
  return {
    code: 'permission_lost',
    message: `${login} could start this run when it was asked for, and cannot now. ${message}`,
    hint,
  };
}

/** The error that ends a run because of a recheck. */
export function notWanted({ code, message, hint }: Problem): FlowError {
  return new FlowError({ code, message, hint, blame: 'sender' });
}

/** GitHub gave no answer about the actor; that passes. */
export function worldUnknown({ message, hint }: Problem): FlowError {
  return new FlowError({
    code: 'world_unknown',
    blame: 'github',
    message: `GitHub was asked again and gave no answer. ${message}`,
    hint,
  });
}
