import { formatBytes } from '../../base/bytes.ts';
import { FlowError } from '../../base/errors.ts';
import type { RunLimits } from '../../base/run-limits.ts';
import type { ContainerEnd } from '../../containers/supervise/container-end.ts';
import type { EndReason, Outcome } from '../../runs/run.ts';

/** What a container's end means for its run: null is success. */
export function judgeEnd(
  end: ContainerEnd,
  run: { id: string; limits: RunLimits },
  cancelled: FlowError | undefined,
): { outcome: Outcome; reason: EndReason | null } {
  const { limits } = run;
  switch (end.endedBy) {
    case 'deadline':
      return { outcome: 'timed_out', reason: deadlinePassed(limits.timeoutSec).toProblem() };
    case 'done':
      return { outcome: 'succeeded', reason: null };
    case 'stall':
      return { outcome: 'stalled', reason: outputStalled(limits.stallTimeoutSec).toProblem() };
    case 'output_limit':
      return { outcome: 'failed', reason: outputLimit(limits.logBytes * 10).toProblem() };
    case 'disk_limit':
      return { outcome: 'failed', reason: diskLimit(limits.diskBytes).toProblem() };
    case 'workspace_limit':
      return { outcome: 'failed', reason: workspaceLimit(limits.workspaceBytes).toProblem() };
    case 'engine':
      return { outcome: 'lost', reason: containerLost().toProblem() };
    case 'cancel':
      return {
        outcome: cancelled?.code === 'worker_cut_off' ? 'lost' : 'cancelled',
        reason: cancelled?.toProblem() ?? null,
      };
    case 'exit':
      return judgeExit(end, run);
  }
}

function judgeExit(
  end: ContainerEnd,
  { id, limits }: { id: string; limits: RunLimits },
): { outcome: Outcome; reason: EndReason | null } {
  if (end.exitCode === 0) return { outcome: 'succeeded', reason: null };
  if (end.startFailure?.stage === 'setup')
    return { outcome: 'failed', reason: setupFailed(id, end.startFailure.exitCode).toProblem() };
  if (end.startFailure) return { outcome: 'failed', reason: startFailed(end.startFailure.text).toProblem() };
  if (end.outOfMemory) return { outcome: 'failed', reason: outOfMemory(limits.memoryBytes).toProblem() };
  return { outcome: 'failed', reason: agentFailed(id, end.exitCode ?? -1).toProblem() };
}

function deadlinePassed(timeoutSec: number): FlowError {
  return new FlowError({
    code: 'deadline_passed',
    blame: 'agent',
    message: `The agent was not done after ${timeoutSec} s, which is all the time it had.`,
    hint: 'See in its output what took so long; raise runtime.timeoutSec in the profile if it needs more.',
  });
}

function outputStalled(stallTimeoutSec: number): FlowError {
  return new FlowError({
    code: 'output_stalled',
    blame: 'agent',
    message: `The agent printed nothing for ${stallTimeoutSec} s, so it was taken for stuck.`,
    hint: 'An agent without a network waits for ever: check runtime.network. Raise runtime.stallTimeoutSec if silence is normal for it.',
  });
}

function outputLimit(bytes: number): FlowError {
  return new FlowError({
    code: 'output_limit',
    blame: 'agent',
    message: `The agent printed more than ${formatBytes(bytes)}, ten times what is kept.`,
    hint: 'Let it print less, or raise RUN_LOG_BYTES.',
  });
}

function diskLimit(bytes: number): FlowError {
  return new FlowError({
    code: 'disk_limit',
    blame: 'agent',
    message: `The agent wrote more than ${formatBytes(bytes)} into its container's own files, outside the workspace.`,
    hint: 'Let it write less there, raise runtime.diskSize in the profile, or RUN_DISK_BYTES for all.',
  });
}

function workspaceLimit(bytes: number): FlowError {
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

function setupFailed(id: string, exitCode: number): FlowError {
  return new FlowError({
    code: 'setup_script_failed',
    blame: 'profile',
    message: `The setup script ended with exit code ${exitCode}, so the agent was not started.`,
    hint: `Read its output (github-flows runs logs ${id}) and correct runtime.setupScript in the profile.`,
  });
}

function startFailed(text: string): FlowError {
  return new FlowError({
    code: 'start_failed',
    blame: 'profile',
    message: `The agent was not started: ${text}`,
    hint: 'Use an image with a POSIX shell and coreutils, such as one made from images/base, and check runtime.image and the mounts.',
  });
}

function outOfMemory(bytes: number): FlowError {
  return new FlowError({
    code: 'out_of_memory',
    blame: 'agent',
    message: `The agent needed more than its ${formatBytes(bytes)} of memory and was killed (exit code 137).`,
    hint: 'Raise runtime.memory in the profile, or RUN_MEMORY for all.',
  });
}

function agentFailed(id: string, exitCode: number): FlowError {
  return new FlowError({
    code: 'agent_failed',
    blame: 'agent',
    message: `The agent ended with exit code ${exitCode}.`,
    hint: `Read its last lines: github-flows runs logs ${id}`,
  });
}
