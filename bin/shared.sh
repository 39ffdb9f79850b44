# Read by the scripts of bin/ and images/: what they say, and how they read the service's settings.
# Expects $root, the directory of the checkout.

say() {
  printf '%s\n' "$*"
}

# fault MESSAGE HINT: says both and ends the script.
fault() {
  printf '\n%s\n%s\n' "$1" "$2" >&2
  exit 1
}

# setting NAME: the option's value in the environment, else in .env, else nothing.
setting() {
  eval "value=\${$1:-}"
  if [ -z "$value" ] && [ -r "$root/.env" ]; then
    value=$(sed -n "s/^[[:space:]]*\(export[[:space:]]\{1,\}\)\{0,1\}$1[[:space:]]*=[[:space:]]*//p" "$root/.env" |
      tail -n 1 |
      sed -e "s/^'\([^']*\)'.*/\1/; t" -e 's/^"\([^"]*\)".*/\1/; t' -e 's/#.*//; s/[[:space:]]*$//')
  fi
  printf '%s\n' "$value"
}

# only_one NAME: waits until no other script works under this name in this checkout; the kernel frees it at death.
# Long-lived children must be started with 9>&-, or they would hold it for ever.
only_one() {
  mkdir -p "$root/var"
  command -v flock > /dev/null || return 0
  exec 9> "$root/var/$(printf %s "$1" | tr " " -).lock"
  flock -n 9 && return 0
  say "Another $1 runs here; waiting for it."
  flock 9
}

# quietly LOG COMMAND…: keeps the output in the file LOG, and shows its end when the command fails.
quietly() {
  quiet_log=$1
  shift
  "$@" > "$quiet_log" 2>&1 < /dev/null 9>&- && return 0
  tail -n 15 "$quiet_log" >&2
  return 1
}

# has PROGRAM: whether the machine has it; a path may hold a star.
has() {
  case $1 in
    /*) ls $1 > /dev/null 2>&1 ;;
    *) command -v "$1" > /dev/null ;;
  esac
}

# packages_of USE: the packages of all programs that bin/programs lists for USE; of those alone that the machine lacks
# with a second word, missing.
packages_of() {
  while read -r program package use; do
    if [ "$use" != "$1" ]; then continue; fi
    if [ "${2:-}" = missing ] && has "$program"; then continue; fi
    printf '%s\n' "$package"
  done < "$root/bin/programs" | sort -u
}

# need USE: installs what bin/programs lists for USE and the machine lacks.
need() {
  wanted=$(packages_of "$1" missing)
  [ -z "$wanted" ] || sh "$root/bin/packages" $wanted
}
