import { formatBytes } from '../../base/bytes.ts';
import { FlowError } from '../../base/errors.ts';

/** The time of the run is over. */
export function deadlinePassed(timeoutSec: number): FlowError {
  return new FlowError({
    code: 'deadline_passed',
    blame: 'agent',
    message: `The agent was not done after ${timeoutSec} s, which is all the time it had.`,
    hint: 'See in its output what took so long; raise runtime.timeoutSec in the profile if it needs more.',
  });
}

/** The agent was silent for too long. */
export function outputStalled(stallTimeoutSec: number): FlowError {
  return new FlowError({
    code: 'output_stalled',
    blame: 'agent',
    message: `The agent printed nothing for ${stallTimeoutSec} s, so it was taken for stuck.`,
    hint: 'An agent without a network waits for ever: check runtime.network. Raise runtime.stallTimeoutSec if silence is normal for it.',
  });
}

/** More output than a run may print. */
export function outputLimit(bytes: number): FlowError {
  return new FlowError({
    code: 'output_limit',
    blame: 'agent',
    message: `The agent printed more than ${formatBytes(bytes)}, ten times what is kept.`,
    hint: 'Let it print less, or raise RUN_LOG_BYTES.',
  });
}

/** More bytes in the container than a run may write. */
export function diskLimit(bytes: number): FlowError {
  return new FlowError({
    code: 'disk_limit',
    blame: 'agent',
    message: `The agent wrote more than ${formatBytes(bytes)} into its container's own files, outside the workspace.`,
    hint: 'Let it write less there, raise runtime.diskSize in the profile, or RUN_DISK_BYTES for all.',
  });
}

/** A workspace that grew by more than a run may add. */
export function workspaceLimit(bytes: number): FlowError {
  return new FlowError({
    code: 'workspace_limit',
    blame: 'agent',
    message: `The agent made its workspace grow by more than ${formatBytes(bytes)}, or put more files there than can be counted in time.`,
    hint: 'See what it left in the workspace, raise runtime.workspaceSize in the profile, or RUN_WORKSPACE_BYTES for all.',
  });
}

/** The container is not on the engine any more, so nobody knows how far the agent came. */
export function containerLost(): FlowError {
  return new FlowError({
    code: 'container_lost',
    blame: 'docker',
    message: 'The container is not on the engine any more, so nobody knows how far the agent came.',
    hint: 'See what it printed (github-flows runs logs), and start the run again by the same comment.',
  });
}

/** The setup script of the profile failed. */
export function setupFailed(id: string, exitCode: number): FlowError {
  return new FlowError({
    code: 'setup_script_failed',
    blame: 'profile',
    message: `The setup script ended with exit code ${exitCode}, so the agent was not started.`,
    hint: `Read its output (github-flows runs logs ${id}) and correct runtime.setupScript in the profile.`,
  });
}

/** The image cannot start the handler. */
export function startFailed(text: string): FlowError {
  return new FlowError({
    code: 'start_failed',
    blame: 'profile',
    message: `The agent was not started: ${text}`,
    hint: 'Use an image with a POSIX shell and coreutils, such as one made from images/base, and check runtime.image and the mounts.',
  });
}

/** More memory than the run may use. */
export function outOfMemory(bytes: number): FlowError {
  return new FlowError({
    code: 'out_of_memory',
    blame: 'agent',
    message: `The agent needed more than its ${formatBytes(bytes)} of memory and was killed (exit code 137).`,
    hint: 'Raise runtime.memory in the profile, or RUN_MEMORY for all.',
  });
}

/** The handler ended with another exit code than 0. */
export function agentFailed(id: string, exitCode: number): FlowError {
  return new FlowError({
    code: 'agent_failed',
    blame: 'agent',
    message: `The agent ended with exit code ${exitCode}.`,
    hint: `Read its last lines: github-flows runs logs ${id}`,
  });
}
