#!/bin/sh
# Builds the images: build.sh [base|agent-codex|service|all], all but the service's unless told. One whose inputs have not changed is left alone, so that a second
# run takes under a second. Each image gets its name when it is whole; an interrupted build leaves the old one in place.
set -eu
root=$(dirname "$(dirname "$(readlink -f "$0")")")
. "$root/bin/shared.sh"
. "$root/images/debian.sh"

what=${1:-all}
base=github-flows-base:latest
agent=github-flows-agent-codex:latest
service=github-flows-service:latest
work=$root/var/build
log=$root/var/images.log
roots=/usr/local/share/ca-certificates

case $what in
  base | agent-codex | service | all) ;;
  *) fault "There is no image called $what." 'Run: npm run images -- base, or agent-codex, or service, or all.' ;;
esac

DOCKER_HOST=$(setting DOCKER_HOST)
export DOCKER_HOST="${DOCKER_HOST:-unix:///var/run/docker.sock}"

# Who agents run as, by the same rule as the service's option RUN_AS.
image_user() {
  user=$(setting RUN_AS)
  if [ -z "$user" ] && [ "$(id -u)" != 0 ]; then user=$(id -u):$(id -g); fi
  if [ -z "$user" ]; then
    secrets=$(setting SECRETS_DIR)
    case ${secrets:=$HOME/.secrets} in '~/'*) secrets=$HOME/${secrets#'~/'} ;; esac
    user=$(cd "$root" && stat -L -c %u:%g "$secrets" 2> /dev/null) || user=1000:1000
    case $user in 0:* | *:0) user=1000:1000 ;; esac
  fi
  printf '%s\n' "$user" | grep -Eqx '[1-9][0-9]{0,8}:[1-9][0-9]{0,8}' ||
    fault "Agents cannot run as $user: that is not a user and a group other than root's (0)." \
      'Set RUN_AS to two numbers, such as RUN_AS=1000:1000.'
}

# inputs WORD… -- FILE…: one number for everything that an image is made from.
inputs() {
  {
    while [ "$1" != -- ]; do printf '%s\n' "$1" && shift; done
    shift
    cat "$@"
    find -L "$roots" -type f -name '*.crt' -print0 2> /dev/null | sort -z | xargs -0 -r cat
  } | sha256sum | cut -d ' ' -f 1
}

# label IMAGE NAME: the value of the label, or nothing.
label() {
  docker image inspect -f "{{index .Config.Labels \"github-flows.$2\"}}" "$1" 2> /dev/null || true
}

# build IMAGE FOLDER ARGUMENT…: docker build of $work/FOLDER, showing each step as it begins.
build() {
  image=$1
  folder=$2
  shift 2
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    if [ -n "$(printenv "$name" || true)" ]; then set -- --build-arg "$name" "$@"; fi
  done
  rm -f "$work/done"
  old=$(docker image inspect -f '{{.Id}}' "$image" 2> /dev/null || true)
  { docker build --force-rm "$@" -t "$image" "$work/$folder" 2>&1 && : > "$work/done"; } |
    tee "$log" |
    sed -n -u 's/^\(Step [0-9/]* : .\{1,70\}\).*/  \1/p; s/^#[0-9]* \(\[[ 0-9/]*\] .\{1,70\}\).*/  \1/p'
  [ -f "$work/done" ] || {
    tail -n 20 "$log" >&2
    fault "The image $image could not be built; the full output is in $log." \
      "Fix what it says, then run again: cd $root && npm run images"
  }
  # The image that had the name before is of no more use, unless it has another name or a container.
  if [ "$(docker image inspect -f '{{len .RepoTags}}' "${old:-none}" 2> /dev/null)" = 0 ]; then
    docker rmi "$old" > /dev/null 2>&1 || true
  fi
}

# The host's extra TLS roots go with the image, and nothing else of the host: behind a proxy that ends TLS neither
# the build nor an agent would reach anything without them.
copy_roots() {
  mkdir -p "$1"
  find -L "$roots" -type f -name '*.crt' 2> /dev/null | while read -r file; do
    install -m 0644 "$file" "$1/$(printf '%s' "${file#"$roots/"}" | tr / _)"
  done
}

build_base() {
  from=$root/images/base
  wanted=$(inputs "$user" "$arch" -- "$from/Dockerfile" "$from/gh.json" "$from/gh.mjs")
  if [ "$(label "$base" inputs)" = "$wanted" ]; then return 0; fi
  say "Building $base for user $user; this takes a minute or two."
  debian_image
  mkdir -p "$work/base/gh"
  cp "$from/Dockerfile" "$work/base/"
  copy_roots "$work/base/roots"
  NODE_USE_ENV_PROXY=1 node "$from/gh.mjs" "$arch" "$work/base/gh"
  set -- --build-arg "BASE_IMAGE=$debian" --build-arg "USER_ID=${user%:*}" --build-arg "GROUP_ID=${user#*:}"
  build github-flows-base:building base "$@"
  gh=$(docker run --rm --network none github-flows-base:building gh --version | sed -n 's/^gh version \([^ ]*\).*/\1/p')
  [ -x "$work/base/gh/gh" ] && gh="$gh release" || gh="$gh debian"
  # The same again, from the builder's cache: now it is known what to write on it.
  build "$base" base "$@" --label "github-flows.inputs=$wanted" --label "github-flows.user=$user" \
    --label "github-flows.gh=$gh" > /dev/null
  docker rmi github-flows-base:building > /dev/null
  say "Built $base, with gh $gh."
}

build_agent() {
  from=$root/images/agent-codex
  wanted=$(inputs "$(docker image inspect -f '{{.Id}}' "$base")" "$arch" -- \
    "$from/Dockerfile" "$from/codex.json" "$from/codex.mjs")
  if [ "$(label "$agent" inputs)" = "$wanted" ]; then return 0; fi
  say "Building $agent."
  mkdir -p "$work/agent-codex/codex"
  cp "$from/Dockerfile" "$work/agent-codex/"
  node "$from/codex.mjs" "$arch" "$work/agent-codex/codex" ||
    fault 'Codex could not be fetched from the npm registry.' "Fix the error above, then run: cd $root && npm run images"
  build "$agent" agent-codex --build-arg "BASE_IMAGE=$base" --label "github-flows.inputs=$wanted"
  say "Built $agent."
}

# program_files: every file that the service's image is made from, sorted.
program_files() {
  (cd "$root" && find bin src package.json package-lock.json LICENSE -type f | LC_ALL=C sort)
}

# What the service needs of the checkout's packages, its Node among them; npm knows which those are.
service_packages() {
  [ -x "$root/node_modules/.bin/node" ] ||
    fault 'The image needs the Node.js of the checkout, which is an optional package, and there is none.' \
      "Run: cd $root && npm ci --include=optional"
  mkdir -p "$work/service/packages/node_modules/.bin"
  cp -P "$root/node_modules/.bin/node" "$work/service/packages/node_modules/.bin/node"
  (cd "$root" && npm ls --omit=dev --all --parseable 2> /dev/null || true) |
    sed -n "s|^$root/\(node_modules/.*\)|\1|p" | grep -v '/node_modules/' | LC_ALL=C sort -u > "$work/packages"
  [ -s "$work/packages" ] || fault 'npm does not say which packages the service needs.' "Run: cd $root && npm ci"
  tar -cf - -C "$root" -T "$work/packages" | tar -xf - -C "$work/service/packages"
}

build_service() {
  from=$root/images/service
  wanted=$(cd "$root" && inputs "$(docker image inspect -f '{{.Id}}' "$base")" "$arch" "$(program_files)" -- \
    "$from/Dockerfile" $(program_files))
  if [ "$(label "$service" inputs)" = "$wanted" ]; then return 0; fi
  say "Building $service."
  mkdir -p "$work/service/app"
  cp "$from/Dockerfile" "$work/service/"
  (cd "$root" && program_files | tar -cf - -T -) | tar -xf - -C "$work/service/app"
  service_packages
  chmod -R u+rwX,go+rX,go-w "$work/service/app" "$work/service/packages"
  build "$service" service --build-arg "BASE_IMAGE=$base" --build-arg "USER_ID=${user%:*}" \
    --build-arg "GROUP_ID=${user#*:}" --label "github-flows.inputs=$wanted"
  say "Built $service."
}

arch=$(timeout 20 docker version -f '{{.Server.Arch}}' 2> /dev/null) ||
  fault "No Docker engine answers at $DOCKER_HOST." "Run: sh $root/bin/engine"
image_user
only_one 'image build'
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
rm -rf "$work"
build_base
case $what in
  agent-codex | all) build_agent ;;
  service) build_service ;;
esac
