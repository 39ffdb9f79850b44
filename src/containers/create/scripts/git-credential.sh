#!/bin/sh
# Answers git's question for a password with the token as it is now, and only for the server the run was started for.
# Whatever it has no answer to, `store`, `erase` and a token that has ended among it, it leaves to the next helper
# without a word. Builtins of a POSIX shell alone, and `date` and `tr` where there are some: an image need not have anything else.
# https://git-scm.com/docs/git-credential#IOFMT

[ "$1" = get ] || exit 0
[ -r /run/github-flows/settings ] || exit 0
. /run/github-flows/settings

gf_asked_protocol=
gf_asked_host=
while IFS='=' read -r gf_key gf_value && [ -n "$gf_key" ]; do
  case $gf_key in
    protocol) gf_asked_protocol=$gf_value ;;
    host) gf_asked_host=$gf_value ;;
  esac
done

# Names of hosts have no case. A host that is written in small letters, as nearly all are, needs no `tr`.
case $gf_asked_host in
  *[A-Z]*) gf_asked_host=$(printf %s "$gf_asked_host" | tr A-Z a-z 2>/dev/null) || exit 0 ;;
esac
# Git asks as the address stands; the port that goes without saying is no other server.
case $gf_asked_protocol in
  https) gf_asked_host=${gf_asked_host%:443} ;;
  http) gf_asked_host=${gf_asked_host%:80} ;;
esac
[ "$gf_asked_protocol://$gf_asked_host" = "$gf_server" ] || exit 0
. /run/github-flows/token.sh
[ -n "$gf_token" ] && [ -z "$gf_ended" ] || exit 0
printf 'username=%s\npassword=%s\n' "$gf_user" "$gf_token"
# Git that knows this (2.40) looks at the time itself.
[ -z "$gf_end" ] || printf 'password_expiry_utc=%s\n' "$gf_end"
