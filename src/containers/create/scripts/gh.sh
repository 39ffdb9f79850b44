#!/bin/sh
# Stands before the image's own gh and gives it the newest token: a GH_TOKEN that was exported once grows old. One that
# has ended is not used, so that gh takes what else it was given.

gf_files=/run/github-flows
. "$gf_files/settings"

. "$gf_files/token.sh"
if [ -n "$gf_ended" ]; then
  # Installation tokens (ghs_) are all of this run, and those from before have ended earlier.
  case ${GH_TOKEN-} in "$gf_token" | ghs_*) unset GH_TOKEN ;; esac
  case ${GITHUB_TOKEN-} in "$gf_token" | ghs_*) unset GITHUB_TOKEN ;; esac
  case ${GH_ENTERPRISE_TOKEN-} in "$gf_token" | ghs_*) unset GH_ENTERPRISE_TOKEN ;; esac
elif [ -n "$gf_token" ]; then
  GH_TOKEN=$gf_token
  export GH_TOKEN
  if [ "$gf_host" != github.com ]; then
    GH_HOST=$gf_host
    GH_ENTERPRISE_TOKEN=$gf_token
    export GH_HOST GH_ENTERPRISE_TOKEN
  fi
fi

set -f
gf_ifs=$IFS
IFS=:
for gf_dir in $PATH; do
  if [ "$gf_dir" != "$gf_files/bin" ] && [ -x "$gf_dir/gh" ] && [ ! -d "$gf_dir/gh" ] && ! [ "$gf_dir/gh" -ef "$gf_files/bin/gh" ]; then
    IFS=$gf_ifs
    exec "$gf_dir/gh" "$@"
  fi
done
echo 'github-flows: this image has no gh.' >&2
exit 127
