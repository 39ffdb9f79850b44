import Docker, { type DockerOptions } from 'dockerode';
import { unlessAborted } from '../../base/cancel.ts';
import { FlowError, systemCode } from '../../base/errors.ts';
import {
  answerInvalid,
  dockerHostInvalid,
  engineRefused,
  engineTimeout,
  engineUnreachable,
} from '../errors.ts';
import { replaceSending } from './engine-request.ts';

/** One request: `what` completes "the engine did not …"; a status of its answer is an error of its own, or an answer. */
type EngineCall<T> = {
  what: string;
  timeoutMs?: number;
  signal?: AbortSignal;
  errors?: Readonly<Record<number, (words: string, cause: unknown) => FlowError>>;
  answers?: Readonly<Record<number, T>>;
};

/** Calls the engine once, in bounded time; what goes wrong becomes a FlowError. */
export type CallEngine = <T>(
  call: EngineCall<T>,
  work: (docker: Docker, signal: AbortSignal) => Promise<T>,
) => Promise<T>;

/** For calls that last as long as a container. */
export const NO_TIMEOUT = Number.POSITIVE_INFINITY;

const TIMEOUT_MS = 30_000;

/** A caller of the engine at `dockerHost`. Throws `docker_host_invalid`; its calls throw `engine_unreachable`, `engine_timeout`, `engine_refused`, `engine_redirects`, `engine_answer_invalid`, or the signal's reason. */
export function engineCaller(dockerHost: string): CallEngine {
  const options = connection(dockerHost);
  const secure = options.protocol === 'https';
  return async (call, work) => {
    const timeoutMs = call.timeoutMs ?? TIMEOUT_MS;
    const inTime = timeoutMs === NO_TIMEOUT ? undefined : AbortSignal.timeout(timeoutMs);
    const signal = AbortSignal.any([call.signal, inTime].filter((one) => one !== undefined));
    const docker = new Docker(options);
    replaceSending(docker, { secure, signal });
    try {
      signal.throwIfAborted();
      return await unlessAborted(work(docker, signal), signal);
    } catch (error) {
      if (call.signal?.aborted) throw call.signal.reason;
      if (inTime?.aborted) throw engineTimeout(call.what, timeoutMs / 1000, error);
      if (error instanceof FlowError) throw error;
      const { status, words } = engineAnswer(error);
      if (status === undefined) throw unanswered(dockerHost, call.what, error);
      if (call.answers && status in call.answers) return call.answers[status] as never;
      throw (call.errors?.[status] ?? refused(call.what, status))(words, error);
    }
  };
}

/** Nothing answered, or what did speaks no HTTP, or says what no engine says. */
function unanswered(dockerHost: string, what: string, error: unknown): FlowError {
  const code = systemCode(error);
  if (code !== undefined && !/^(HPE_|ERR_)/.test(code)) return engineUnreachable(dockerHost, error);
  return answerInvalid(`it could not be read when it was to ${what} (${code ?? String(error)})`, error);
}

function refused(what: string, status: number) {
  return (words: string, cause: unknown): FlowError => engineRefused(what, status, words, cause);
}

/** The status and the engine's own words in an error of `replaceSending`; no status when nothing answered. */
function engineAnswer(error: unknown): { status: number | undefined; words: string } {
  const { statusCode, message } = error as { statusCode?: unknown; message?: unknown };
  return { status: typeof statusCode === 'number' ? statusCode : undefined, words: String(message) };
}

/** All that docker-modem would take from the process's environment is given, so that only `dockerHost` counts. */
function connection(dockerHost: string): DockerOptions {
  const socketPath = dockerHost.startsWith('/') ? dockerHost : socketOf(dockerHost);
  if (socketPath !== undefined) return { socketPath, host: undefined, protocol: 'http' };
  const url = URL.canParse(dockerHost) ? new URL(dockerHost) : undefined;
  if (!url || !/^(tcp|https?):$/.test(url.protocol) || url.hostname === '')
    throw dockerHostInvalid(dockerHost);
  const secure = url.protocol === 'https:' || url.port === '2376';
  return { host: url.hostname, port: url.port || '2375', protocol: secure ? 'https' : 'http' };
}

/** The path in `unix:///path`. */
function socketOf(dockerHost: string): string | undefined {
  return /^unix:\/\/(\/.+)$/.exec(dockerHost)?.[1];
}

type Types = { string: string; number: number; boolean: boolean; object: object };

/** A field of an answer that has to be there with this type; something else is no engine's. Throws `engine_answer_invalid`. */
export function fieldOf<Name extends keyof Types>(answer: unknown, field: string, type: Name): Types[Name] {
  const value = (answer as Record<string, unknown> | null | undefined)?.[field];
  if (typeof value === type && value !== null && value !== '') return value as Types[Name];
  throw answerInvalid(`it lacks the field ${field}`);
}
