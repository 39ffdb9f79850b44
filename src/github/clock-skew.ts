import type { Clock } from '../base/clock.ts';
import { FlowError } from '../base/errors.ts';
import type { Logger } from '../log/logger.ts';

/** An App's signature is good from half a minute before our time: https://github.com/gr2m/universal-github-app-jwt */
const TOLERATED_MS = 30_000;

/** A clock that is off by more than requests are signed for, or undefined; `gitHubMs` is the time that an answer of GitHub's has. */
export function clockError(gitHubMs: number, nowMs: number): FlowError | undefined {
  const off = nowMs - gitHubMs;
  return Math.abs(off) > TOLERATED_MS ? clockOff(Math.round(off / 1000)) : undefined;
}

/** Takes the times of GitHub's answers, and logs once that this machine's clock is off. */
export function createClockWatch({ clock, log }: { clock: Clock; log: Logger }): (gitHubMs: number) => void {
  let isLogged = false;
  return (gitHubMs) => {
    const issue = isLogged ? undefined : clockError(gitHubMs, clock.now());
    if (!issue) return;
    isLogged = true;
    log.warn(issue.toProblem(), 'clock of this machine is off');
  };
}

function clockOff(seconds: number): FlowError {
  return new FlowError({
    code: 'clock_off',
    blame: 'operator',
    message: `The clock of this machine is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} GitHub’s.`,
    hint: 'Have the machine set its clock by the network (`timedatectl set-ntp true`). Requests of GitHub Apps are signed by GitHub’s time meanwhile, which takes each one more.',
  });
}
