import { FlowError, systemCode } from '../base/errors.ts';
import { quoted } from '../base/text.ts';

/** The engine does not answer: not running, another socket, no right to use it. */
export function engineUnreachable(address: string, cause: unknown): FlowError {
  const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  const denied = reason === 'EACCES' || reason === 'EPERM';
  return new FlowError({
    code: 'engine_unreachable',
    blame: 'docker',
    message: `The Docker Engine at ${address} cannot be reached (${reason}).`,
    hint: denied
      ? 'Let the service use it: sudo usermod -aG docker "$(id -un)", then log in again.'
      : 'Start it (sudo systemctl start docker), or set DOCKER_HOST to where it listens.',
    cause,
  });
}

/** The engine took a request and gave no answer in time. */
export function engineTimeout(what: string, seconds: number, cause: unknown): FlowError {
  return new FlowError({
    code: 'engine_timeout',
    blame: 'docker',
    message: `The Docker Engine did not ${what} within ${seconds} s.`,
    hint: 'See how busy the machine and its disk are; journalctl -u docker says what the engine waits for.',
    cause,
  });
}

/** The engine answered with an error that has no code of its own here; its text is in the message. */
export function engineRefused(what: string, status: number, words: string, cause: unknown): FlowError {
  return new FlowError({
    code: 'engine_refused',
    blame: 'docker',
    message: `The Docker Engine would not ${what} (status ${status}): ${words}`,
    hint: 'Change in the profile or on the machine what these words name; `github-flows doctor` checks the engine.',
    cause,
  });
}

/** What answers at the engine's address sends its callers elsewhere; no engine does, and nothing is followed. */
export function engineRedirects(status: number, location: string | undefined): FlowError {
  const where = location === undefined ? 'nowhere' : quoted(location);
  return new FlowError({
    code: 'engine_redirects',
    blame: 'docker',
    message: `What answers as the Docker Engine redirects to ${where} (status ${status}); no redirect is followed.`,
    hint: 'Set DOCKER_HOST to the engine itself, and let the proxy before it, if there is one, pass its paths on as they are.',
  });
}

/** What answers is no engine, or something on the way spoils its answers; `detail` says what "it" did. */
export function answerInvalid(detail: string, cause?: unknown): FlowError {
  return new FlowError({
    code: 'engine_answer_invalid',
    blame: 'docker',
    message: `The Docker Engine gave an answer that is none: ${detail}.`,
    hint: 'Check that DOCKER_HOST leads to a Docker Engine and not through something that changes its answers.',
    cause,
  });
}

/** The name of an image that no engine could have; `wrong` completes "the name …". */
export function imageNameInvalid(name: string, wrong: string): FlowError {
  return new FlowError({
    code: 'image_name_invalid',
    blame: 'operator',
    message: `${quoted(name)} is no name of an image: it ${wrong}.`,
    hint: 'Write it as docker does: name:tag, registry.example.com/team/name:tag, or name@sha256:….',
  });
}

/** No image of this name is on the engine; images are never pulled behind the operator's back. */
export function imageMissing(name: string, cause: unknown): FlowError {
  const ours = name.startsWith('github-flows-');
  return new FlowError({
    code: 'image_missing',
    blame: 'operator',
    message: `The image ${name} is not on this Docker Engine.`,
    hint: ours ? 'Build it: npm run images' : `Get it: docker pull ${name}`,
    cause,
  });
}

/** A container that should be there is not: somebody else removed it. */
export function containerGone(id: string, cause: unknown): FlowError {
  return new FlowError({
    code: 'container_gone',
    blame: 'docker',
    message: `The container ${id.slice(0, 12)} is no longer on the Docker Engine.`,
    hint: 'Somebody or something else removed it; leave containers named gf-… to the service.',
    cause,
  });
}

/** The name of a run's attempt is taken: an earlier service had created its container already. */
export function containerExists(name: string, cause: unknown): FlowError {
  return new FlowError({
    code: 'container_exists',
    blame: 'service',
    message: `A container named ${name} is already on the Docker Engine.`,
    hint: `Remove it if no run is using it: docker rm -f ${name}`,
    cause,
  });
}

/** The container was created, but its process could not be started. */
export function containerNotStarted(id: string, words: string, cause: unknown): FlowError {
  return new FlowError({
    code: 'container_not_started',
    blame: 'docker',
    message: `The Docker Engine could not start the container ${id.slice(0, 12)}: ${words}`,
    hint: 'The words name what is missing; a source directory, a limit the machine cannot give, or /bin/sh in the image are the usual ones.',
    cause,
  });
}

/** A network has our name but lets containers reach each other. */
export function networkNotIsolated(name: string): FlowError {
  return new FlowError({
    code: 'network_not_isolated',
    blame: 'operator',
    message: `The Docker network ${name} lets containers reach each other, or is no bridge, so it was not made by github-flows.`,
    hint: `Remove it, and it will be made anew: docker network rm ${name}`,
  });
}

/** `DOCKER_HOST` cannot be used. */
export function dockerHostInvalid(value: string): FlowError {
  return new FlowError({
    code: 'docker_host_invalid',
    blame: 'operator',
    message: `DOCKER_HOST is ${value}, which is neither unix:///path/of/a/socket nor tcp://host:port.`,
    hint: 'Set it to where the engine listens, usually unix:///var/run/docker.sock.',
  });
}

/** A run's output could not be written to the disk; the run goes on. */
export function outputNotKept(dir: string, cause: unknown): FlowError {
  return new FlowError({
    code: 'output_not_kept',
    blame: 'operator',
    message: `Output of a run could not be written below ${dir} (${systemCode(cause) ?? String(cause)}); the run goes on, and the log will say how much is missing.`,
    hint: `See whether the disk is full or cannot be written: df -h ${dir}`,
    cause,
  });
}

/** A network that a profile joins by name is not on the engine. */
export function networkMissing(name: string, cause: unknown): FlowError {
  return new FlowError({
    code: 'network_missing',
    blame: 'operator',
    message: `There is no network ${name} on this Docker Engine.`,
    hint: `Make it: docker network create ${name}`,
    cause,
  });
}

/** A volume that a profile mounts is not on the engine; none is made behind the admin's back. */
export function volumeMissing(name: string, cause: unknown): FlowError {
  return new FlowError({
    code: 'volume_missing',
    blame: 'operator',
    message: `There is no volume ${name} on this Docker Engine.`,
    hint: `Make it: docker volume create ${name}`,
    cause,
  });
}

/** A volume that shows something else than its own files, a directory of the host for example. */
export function volumeNotPlain(name: string, why: string): FlowError {
  return new FlowError({
    code: 'volume_not_plain',
    blame: 'operator',
    message: `The volume ${name} ${why}, so it could show anything of the host, and is not mounted.`,
    hint: `Make a plain one under another name (docker volume create NAME, without --opt), and list that in the policy.`,
  });
}
