import type { Problem } from '../base/errors.ts';

/**
 * Codes whose sentences hold only what people on GitHub know already: names from the repository and the event, numbers,
 * and keys of the profile. Of every other code, a new one too, only the general sentence of its area is shown.
 */
export const SHOWN: ReadonlySet<string> = new Set([
  ...['actor_unknown', 'actor_not_allowed', 'bot_not_allowed', 'own_account', 'thread_locked'],
  ...['permission_too_low', 'team_not_allowed', 'team_elsewhere', 'fork_not_allowed'],
  ...['loop_stopped', 'group_busy', 'budget_actor_spent', 'budget_repository_spent', 'budget_profile_spent'],
  ...['command_status', 'command_cancel', 'command_retry', 'command_no_run', 'command_nothing_to_do'],
  ...[
    'command_profile_gone',
    'run_not_ended',
    'command_mistyped',
    'checkout_no_pull_request',
    'delivery_body_gone',
  ],
  ...['deadline_passed', 'output_stalled', 'output_limit', 'out_of_memory', 'disk_limit', 'workspace_limit'],
  ...[
    'agent_failed',
    'setup_script_failed',
    'container_lost',
    'host_lost',
    'worker_cut_off',
    'run_cancelled',
  ],
  ...['prompt_variable_missing', 'prompt_too_long'],
  ...['publish_base_rewritten', 'publish_too_many_files', 'publish_too_many_bytes', 'publish_path_denied'],
  ...['publish_path_not_allowed', 'publish_submodule', 'publish_link_leaves', 'publish_binary_too_large'],
  ...['publish_secret_found', 'publish_branch_name', 'publish_branch_taken', 'publish_no_pull_request'],
  ...['publish_thread_closed', 'publish_fork', 'publish_head_moved', 'publish_no_thread'],
  ...[
    'publish_host_gone',
    'publish_changes_nothing',
    'publish_lfs_missing',
    'publish_lfs_unpacked',
    'publish_author',
    'publish_sign_off',
  ],
  ...['publish_message', 'publish_message_encoding', 'publish_branch_in_the_way', 'publish_branch_protected'],
  ...['publish_target_gone', 'push_branch_moved', 'push_secret_blocked', 'push_signature_required'],
  ...['push_message_refused', 'push_author_refused', 'push_path_refused', 'push_file_too_large'],
  ...['push_lfs_missing', 'push_email_private', 'push_workflows_refused', 'push_branch_in_the_way'],
  ...['push_branch_name_refused', 'push_branch_protected', 'push_rule_violated'],
  ...['agent_failed_after_turn', 'agent_gave_up', 'turn_unfinished', 'prepare_timed_out'],
  ...['checkout_head_moved', 'checkout_too_large', 'repository_over_limits', 'repository_sha256_unsupported'],
  ...['permission_lost', 'thread_closed', 'thread_gone', 'thread_moved', 'comment_deleted'],
  'publish_pull_request_refused',
]);

/** Codes whose sentences quote a word of the thread and a command of a profile as code, so that `/run` is no path there. */
const QUOTING: ReadonlySet<string> = new Set(['command_mistyped']);

const CREDENTIALS = 'The credentials that this takes are not in order.';

/** What is shown of the other codes, by how they begin; the first that fits counts. */
const AREAS: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:permission|team|fork|head|world)_unknown$/,
    'GitHub gave no answer to the question who may start this, and no answer means no.',
  ],
  [/^github_rate_limited$/, 'GitHub wants to be left alone by the service for a while.'],
  [/^(?:push|publish)_/, 'GitHub or the service could not take what was to be published.'],
  [/^(?:changes|agent_config)_/, 'What the repository or the agent left could not be read.'],
  [/^(?:github|app)_/, 'The service could not do on GitHub what this takes.'],
  [
    /^(?:repository|ref|commit|fetch|checkout|server_url|name|clone|git)_/,
    'The service could not prepare the repository.',
  ],
  [
    /^(?:token|secret|credential|agent_state|refresh_token|ssh|passphrase|key_file|grants|run_token|runtime)_/,
    CREDENTIALS,
  ],
  [
    /^(?:engine|image|container|network|volume|start|docker|disk|output|run_user|egress)_/,
    'The container that this takes could not be prepared or kept.',
  ],
  [
    /^(?:profile|prompt|mount|policy|env|filter|group|allow|report_template)/,
    'The profile of this run asks for what is not possible here.',
  ],
  // Of an agent's login, whose codes begin with the agent's name.
  [/^[a-z]+_(?:auth|config|logged|login|refresh|run|state)_/, CREDENTIALS],
  [/^(?:agent|turn)_/, 'The agent did not end as it should have.'],
];

const OTHERS = 'Something went wrong within the service.';

/** Paths and addresses of hosts, and where a program failed: a sentence that should have none is not shown with one. */
const INTERNAL =
  /(?<![\w.\-/])\/(?:[\w.@-]+\/)+[\w.@-]*|(?<![\w.\-/])~?\/(?:etc|home|root|run|srv|tmp|usr|var|opt)\b|[a-z]:\\|\b(?:file|ssh|git|https?|unix|tcp|npipe):\/\/|\b(?:\d{1,3}\.){3}\d{1,3}\b|\bsha256:|^\s*at .*:\d+:\d+/im;

/** The system's error codes; no file or variable has such a name. */
const SYSTEM_CODE =
  /\bE(?:ACCES|ADDR[A-Z]+|AGAIN|AI_[A-Z]+|BUSY|CONN[A-Z]+|DQUOT|EXIST|FBIG|HOST[A-Z]+|INTR|INVAL|IO|ISDIR|LOOP|MFILE|NAMETOOLONG|NET[A-Z]+|NFILE|NOENT|NOEXEC|NOMEM|NOSPC|NOSYS|NOTCONN|NOTDIR|NOTEMPTY|NOTFOUND|NOTSOCK|NOTSUP|PERM|PIPE|PROTO|ROFS|STALE|TIMEDOUT|TXTBSY|XDEV)\b/;

/** A name out of the repository, as sentences quote it: relative, and nothing that a host would call a place. */
const NAME_INSIDE = /"(?![/~]|[a-z]:\\|[a-z+]+:\/\/)(?:[^"\\\n]|\\.)*"/gi;

function isInternal(text: string): boolean {
  const own = text.replaceAll(NAME_INSIDE, '""');
  return INTERNAL.test(own) || SYSTEM_CODE.test(own);
}

/** Replaces addresses: readers know the server, or need not know it. */
function withoutAddresses(text: string): string {
  return text.replaceAll(/\b[a-z+]+:\/\/[^\s,;)]+/gi, (_address, at: number) =>
    at === 0 ? 'The server' : 'the server',
  );
}

/** A sentence of the service; the general one when it has a path, an address or a system error in it. */
export function publicText(text: string): string {
  return isInternal(text) ? OTHERS : text;
}

/**
 * A problem as people on GitHub may read it: what happened and what they can do. Paths, addresses, names of secrets and
 * images, and the raw output of engines, servers and programs are for operators, who find them by the code.
 */
export function publicProblem(problem: Problem, runId?: string): Problem {
  const { code, message, hint } = problem;
  const shown = { code, message: withoutAddresses(message), hint: withoutAddresses(hint) };
  const text = `${shown.message}\n${shown.hint}`;
  const own = QUOTING.has(code) ? text.replaceAll(/(`{1,2})[^`\n]{1,110}\1/g, '') : text;
  if (SHOWN.has(code) && !isInternal(own)) return shown;
  const area = AREAS.find(([begins]) => begins.test(code))?.[1] ?? OTHERS;
  const command = runId === undefined ? 'deliveries list' : `runs show ${runId}`;
  return {
    code,
    message: area,
    hint: `Try again later, or ask whoever runs github-flows: \`github-flows ${command}\` shows the cause.`,
  };
}
