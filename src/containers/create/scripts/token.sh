# Read with `.`: gf_token becomes the run's GitHub token as it is now, gf_end the second at which it ends where that is
# known, gf_ended something once it has. Builtins of a POSIX shell alone, and `date` where there is one.

gf_token=
gf_end=
gf_ended=
{ IFS= read -r gf_token || :; } 2>/dev/null </run/secrets/gh-token || :
{ IFS= read -r gf_end || :; } 2>/dev/null </run/github-flows/token-end || :
case $gf_end in
  '' | *[!0-9]*) gf_end= ;;
  *)
    gf_now=$(date +%s 2>/dev/null) || gf_now=
    case $gf_now in
      '' | *[!0-9]*) ;;
      *) [ "$gf_now" -lt "$gf_end" ] || gf_ended=1 ;;
    esac
    ;;
esac
