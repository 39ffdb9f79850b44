#!/bin/sh
# Prints a GitHub token of the run that is good for a while: asked of the service where its runtime listener is on,
# else the one in /run/secrets, which is renewed there, until it has ended. Works wherever this file and the run's bearer are copied to:
#   GITHUB_FLOWS_RUNTIME_URL=http://host:3002 GITHUB_FLOWS_RUNTIME_TOKEN_FILE=./runtime-token sh github-token
# The bearer is in no argument and no variable of another program. Written for dash, bash and busybox.

gf_bearer_file=${GITHUB_FLOWS_RUNTIME_TOKEN_FILE:-/run/secrets/runtime-token}
gf_answer=
gf_why='GITHUB_FLOWS_RUNTIME_URL is not set'

gf_read() {
  gf_line=
  { IFS= read -r gf_line || :; } 2>/dev/null <"$1"
  printf %s "$gf_line"
}

# wget takes a header from a file alone.
gf_wget() {
  gf_config=$(umask 077 && mktemp) || return 1
  trap 'rm -f "$gf_config"' EXIT
  printf 'header = Authorization: Bearer %s\n' "$gf_bearer" >"$gf_config"
  wget -q -T 20 -t 1 --content-on-error -O - --config="$gf_config" "$1"
}

# What a machine with busybox alone has: plain HTTP through nc.
gf_nc() {
  gf_rest=${1#http://}
  gf_authority=${gf_rest%%/*}
  gf_port=${gf_authority##*:}
  [ "$gf_port" != "$gf_authority" ] || gf_port=80
  printf 'GET /%s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n' \
    "${gf_rest#*/}" "$gf_authority" "$gf_bearer" | nc -w 20 "${gf_authority%:*}" "$gf_port"
}

gf_ask() {
  if command -v curl >/dev/null; then
    printf 'header = "Authorization: Bearer %s"\n' "$gf_bearer" | curl -sS -m 20 --config - "$1"
  elif command -v wget >/dev/null && wget --version >/dev/null 2>&1; then
    gf_wget "$1"
  elif command -v nc >/dev/null && [ "${1#http://}" != "$1" ]; then
    gf_nc "$1"
  else
    echo 'github-flows: neither curl nor wget is here.' >&2
  fi
}

if [ -n "${GITHUB_FLOWS_RUNTIME_URL:-}" ]; then
  gf_bearer=$(gf_read "$gf_bearer_file")
  if [ -n "$gf_bearer" ]; then
    gf_answer=$(gf_ask "${GITHUB_FLOWS_RUNTIME_URL%/}/runtime/v1/github-token")
    gf_why="the service answered: $gf_answer"
  else
    gf_why="$gf_bearer_file cannot be read or is empty"
  fi
fi

case $gf_answer in
  *'"token":"'*)
    gf_token=${gf_answer#*'"token":"'}
    gf_token=${gf_token%%'"'*}
    ;;
  *)
    gf_token=
    gf_ended=
    if [ -r /run/github-flows/token.sh ]; then
      . /run/github-flows/token.sh
    else
      gf_token=$(gf_read /run/secrets/gh-token)
    fi
    if [ -n "$gf_ended" ]; then
      gf_token=
      gf_why="$gf_why, and the one in /run/secrets/gh-token has ended"
    fi
    ;;
esac
if [ -z "$gf_token" ]; then
  printf 'github-flows: there is no GitHub token: %s.\n' "$gf_why" >&2
  exit 1
fi
printf '%s\n' "$gf_token"
