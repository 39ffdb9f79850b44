#!/bin/sh
# The process of a run's container: fills the agent's state directories, runs the setup script (whose standard output
# goes to standard error, so that nothing it prints is taken for the handler's), marks the output, then becomes the
# handler ("$@"). The handler ends by itself a minute after its deadline, should the service never come back.
# Written for dash, bash and busybox; its own variables begin with gf_, so that the handler's environment stays as it is.

gf_files=/run/github-flows
. "$gf_files/settings"
PATH=$gf_files/bin:$PATH
export PATH

gf_fail() {
  printf 'github-flows: the container could not start: %s\n' "$1" >&2
  exit 125
}

# What the service knows the handler's start by: told to this shell alone, and gone from the disk before any other
# program runs; in no environment and no argument.
unset gf_mark
if [ -f /workspace/.github-flows-mark ]; then
  read -r gf_mark </workspace/.github-flows-mark && rm -f /workspace/.github-flows-mark ||
    gf_fail '/workspace/.github-flows-mark cannot be taken away.'
fi

command -v timeout >/dev/null || gf_fail 'the image has no timeout command (coreutils or busybox).'
[ -r "$gf_files/prompt.md" ] || gf_fail "$gf_files/prompt.md cannot be read."

# The copies in /run/secrets are read-only and outlive no run; agents write into their state, so each gets its own.
if [ -s "$gf_files/agent-state" ]; then
  while read -r gf_name gf_variable gf_target; do
    (umask 077 && cp -R "/run/secrets/$gf_name/." "$gf_target/" && chmod -R u+rwX "$gf_target") ||
      gf_fail "the state of $gf_name could not be copied to $gf_target."
    [ "$gf_variable" = - ] || export "$gf_variable=$gf_target"
  done <"$gf_files/agent-state"
fi

# Only here: a variable of the container's configuration could be read by whoever may ask the engine. What a value ends
# with counts, and a substitution would take line ends away.
if [ -s "$gf_files/exports" ]; then
  while read -r gf_name gf_variable; do
    gf_value=$(cat "/run/secrets/$gf_name" && printf x) || gf_fail "/run/secrets/$gf_name cannot be read."
    export "$gf_variable=${gf_value%x}"
  done <"$gf_files/exports"
  unset gf_value
fi

if [ -n "$gf_ssh" ]; then
  command -v ssh >/dev/null || gf_fail 'the image has no ssh, which the secret GIT_SSH_KEY needs.'
  id -un >/dev/null 2>&1 ||
    gf_fail "the image has no line in /etc/passwd for user $(id -u), and ssh refuses to run without one."
fi

# The one way out of a container whose network is a list of hosts: the proxy of the service behind the mounted socket.
if [ -n "$gf_egress" ]; then
  command -v socat >/dev/null || gf_fail 'the image has no socat, which a list of hosts needs.'
  # While the service restarts the socket refuses; an agent that waits a little does not notice.
  socat -t 3600 "TCP-LISTEN:$gf_egress,bind=127.0.0.1,reuseaddr,fork,nodelay,backlog=128" \
    "UNIX-CONNECT:$gf_files/egress/proxy.sock,retry=30,interval=1" </dev/null >/dev/null 2>&1 &
  gf_tries=0
  until grep -q " 0100007F:$(printf %04X "$gf_egress") 00000000:0000 0A " /proc/net/tcp; do
    gf_tries=$((gf_tries + 1))
    [ "$gf_tries" -lt 250 ] || gf_fail 'the forwarder to the proxy did not start.'
    sleep 0.02
  done
fi

gf_end=$(($(date +%s) + gf_limit))

if [ -s "$gf_files/setup" ]; then
  cd /workspace || gf_fail "/workspace is not there."
  gf_shell=sh
  if command -v bash >/dev/null 2>&1; then gf_shell=bash; fi
  timeout -k "$gf_grace" "$gf_limit" "$gf_shell" "$gf_files/setup" </dev/null >&2
  gf_code=$?
  if [ "$gf_code" -ne 0 ]; then
    printf 'github-flows: the setup script ended with exit code %s.\n' "$gf_code" >&2
    exit "$gf_code"
  fi
fi

cd "$gf_workdir" || gf_fail "the working directory $gf_workdir is not there."
gf_rest=$((gf_end - $(date +%s)))
if [ "$gf_rest" -lt 1 ]; then gf_rest=1; fi
[ -z "${gf_mark-}" ] || printf '%s\n' "$gf_mark"
exec timeout -k "$gf_grace" "$gf_rest" "$@" <"$gf_files/prompt.md"
