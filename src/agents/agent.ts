import type { FlowError, Problem } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';

/**
 * One coding agent with a headless command line: everything that the service knows of it. Each agent is a folder beside
 * this file; `compose/agents.ts` lists them, and every other room gets that list. All but `state.sharing` and
 * `LoginRenewal` is data or pure.
 */
export type Agent = {
  /** As in profiles and in `/run/secrets/<name>`. */
  name: string;
  /** As people read it. */
  title: string;
  /** The image with this agent that this repository builds. */
  image?: string;
  /** Absent while its output is read as plain text. */
  events?: AgentEvents;
  state: AgentState;
  network: AgentNetwork;
  /**
   * Files and folders of a repository that steer it or that it would run something from, in lower case. They count in
   * every folder; `a/b` counts as `b` directly in a folder `a`.
   */
  repositoryFiles: readonly string[];
};

/** How an agent's output is read. */
export type AgentEvents = {
  /** Whether these words of a command start it so that its standard output is events. */
  isCommand(words: readonly string[]): boolean;
  /** A reader for one run, whose texts `mask` has to see as they read without escapes, before they are cut. */
  createReader(mask: (text: string) => string): AgentReader;
  judge(end: AgentEnd): AgentOutcome;
};

/** Reads the lines of a handler's standard output, in order. What is no event gives nothing and harms nothing. */
export type AgentReader = {
  read(line: string): AgentEvent[];
  turn(): AgentTurn;
  result(): AgentResult;
};

/**
 * What an agent did: a sentence, and scalars about it. Of kind `command` comes one when it begins, and one with its
 * `exitCode`; `end` is a finished turn with its counts, `usage` one whose counts are unknown, which the run's comment shows.
 */
export type AgentEvent = {
  kind: 'session' | 'text' | 'command' | 'file' | 'tool' | 'usage' | 'failure' | 'end';
  text: string;
  data: Record<string, string | number | boolean | null>;
};

/** The state of an agent's turn by its own events: not begun, begun, finished, or failed with the agent's reason. */
export type AgentTurn = { state: 'none' | 'open' | 'completed' | 'failed'; failure: string };

/** Tokens that an agent counted over its session; `cachedInputTokens` are among `inputTokens`. */
export type AgentUsage = {
  inputTokens: number;
  cachedInputTokens: number;
  outputTokens: number;
  reasoningTokens: number;
};

/** What an agent reported so far; null is nothing yet. */
export type AgentResult = { finalMessage: string | null; usage: AgentUsage | null };

/** The end of a handler that ran: its own (`exit`), or a stop by the service, after it waited long enough (`patience`) or on request (`order`). */
export type AgentEnd = {
  turn: AgentTurn;
  exitCode: number | null;
  endedBy: 'exit' | 'patience' | 'order';
  /** Some of its events may have been missed. */
  isUnread: boolean;
};

/** The outcome by an agent's own events; `as-ended` leaves it to exit code and cause. */
export type AgentOutcome =
  | { kind: 'succeeded' | 'as-ended'; note: string | null }
  | { kind: 'failed'; issue: FlowError };

/** The directory in which an agent keeps configuration and login. A run gets a private copy of it below `/home/user`. */
type AgentState = {
  /** Base name of the directory, such as `.codex`; a mount with this base name is one of the state. */
  directory: string;
  /** The file in it that holds the login. */
  login: string;
  /** The variable that names the directory to the agent, where it needs one. */
  variable?: string;
  /** Absent for a state that is copied whole, refresh tokens included. */
  sharing?: LoginSharing;
};

/** The list of hosts that profiles name `@<list>`: what it is for, and why each host is on it. All hosts are exact, on port 443. */
type AgentNetwork = { list: string; about: string; hosts: Readonly<Record<string, string>> };

/** What containers get of a login that they must not renew. */
export type LoginSharing = {
  /** What is copied of the state in `dir`, without refresh tokens. Throws why it cannot be shared, or does not last until `untilMs`. */
  share(dir: string, times: Lifetime): Promise<LoginShare>;
  /** Likewise of a single login file that lies elsewhere; undefined when it is another program's. */
  shareFile(content: Buffer, path: string): { content: Buffer; withheld: readonly Secret[] } | undefined;
  /** Reads the state without a change or a request: a line about it, and what keeps runs from it. */
  inspect(dir: string, nowMs: number): Promise<LoginReport>;
};

/** From when to when a login is wanted, in milliseconds since 1970. */
export type Lifetime = { nowMs: number; untilMs: number };

/** Files with paths relative to the state, and the refresh tokens that stay on the host. */
export type LoginShare = {
  files: readonly { path: string; content: Buffer; executable: boolean }[];
  withheld: readonly Secret[];
};

/** A state as the service sees it. */
type LoginReport = { isAbsent: boolean; summary: string; problems: readonly Problem[] };

/** Renews the logins of one agent, one at a time for each state, shared by all runs that wait for it. */
export type LoginRenewal = {
  /** Renews the login in the state `dir` if it would not outlive the deadline; leaves anything else alone. Throws why it could not, or the signal's reason. */
  ensure(dir: string, request: LoginRequest): Promise<void>;
  /** Waits for containers that a killed service of this installation left running, and removes them. */
  adopt(): Promise<void>;
  /** Ends all waiting with this reason; a container at work is left to end by itself. */
  stop(reason: FlowError): Promise<void>;
};

/** What one run wants of the login that it is about to get a share of. */
export type LoginRequest = {
  /** Its deadline, in milliseconds since 1970. */
  untilMs: number;
  /** Ends the waiting of this run; the renewal itself goes on. */
  signal: AbortSignal;
  /** Called with what the run waits for, and with the result. */
  note: (text: string) => Promise<void>;
};

/** Whose logins runs of a profile get a share of: the keys of its `credentials` that name agents. */
export type LoginGrants = { codex: boolean };

/** The grants of a profile, with false for what it leaves out. */
export function loginGrants({ codex = false }: Partial<LoginGrants> = {}): LoginGrants {
  return { codex };
}

/** The agents whose login is granted. */
export function grantedAgents(grants: LoginGrants, agents: readonly Agent[]): Agent[] {
  return agents.filter(({ name }) => Reflect.get(grants, name) === true);
}
