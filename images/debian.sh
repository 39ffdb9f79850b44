# Read by build.sh: where the ground of the images, a plain Debian 12, comes from. Expects $root and $work.

pulled=debian:bookworm-slim
made=github-flows-debian:bookworm

# Sets $debian to an image that is there: one that is already, else pulled, else made with debootstrap.
debian_image() {
  for debian in "$pulled" "$made"; do
    if docker image inspect "$debian" > /dev/null 2>&1; then return 0; fi
  done
  say "Pulling $pulled."
  debian=$pulled
  mkdir -p "$work"
  if timeout 60 docker pull "$pulled" > "$work/pull.log" 2>&1; then return 0; fi
  say "It cannot be pulled here ($(tail -n 1 "$work/pull.log" | cut -c 1-160))."
  debian=$made
  make_debian
}

# host_mirror RELEASE: where this machine's apt gets that release of Debian; nothing when it does not.
host_mirror() {
  command -v apt-get > /dev/null || return 0
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' "Release: $1" 2> /dev/null |
    grep -m 1 '^https\{0,1\}:' || true
}

# debootstrap needs root, and whoever may use Docker has it in a container: an empty image with this machine's own
# programs, read-only, in it. Nothing half-made is left on the machine, whenever it is interrupted.
make_debian() {
  . /etc/os-release
  need images
  [ "$ID" = debian ] || [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] ||
    sh "$root/bin/packages" debian-archive-keyring
  mirror=
  security=
  if [ "$ID" = debian ]; then
    mirror=$(host_mirror "$VERSION_CODENAME")
    security=$(host_mirror "$VERSION_CODENAME-security")
  fi
  say "Creating $made with debootstrap instead; this takes about a minute."
  tar -cf - -T /dev/null | docker import - github-flows-empty:latest > /dev/null
  set -- -v /etc/alternatives:/etc/alternatives:ro -v /etc/ld.so.cache:/etc/ld.so.cache:ro -v /etc/ssl:/etc/ssl:ro
  for folder in /usr /bin /sbin /lib*; do [ ! -e "$folder" ] || set -- "$@" -v "$folder:$folder:ro"; done
  for name in http_proxy https_proxy no_proxy; do set -- "$@" -e "$name=$(printenv "$name" || true)"; done
  rm -f "$work/debootstrapped"
  {
    docker run --rm --network host --log-driver none --tmpfs /tmp "$@" \
      -v "$root/images/debootstrap.sh:/debootstrap.sh:ro" github-flows-empty:latest \
      /bin/sh /debootstrap.sh "$mirror" "$security" 2> "$work/debootstrap.log" && : > "$work/debootstrapped"
  } | docker import - > "$work/imported" || true
  if [ ! -f "$work/debootstrapped" ] || [ ! -s "$work/imported" ]; then
    tail -n 15 "$work/debootstrap.log" >&2
    fault "debootstrap could not create a Debian here, and $pulled cannot be pulled." \
      "Fix what it says, or bring the image here (docker pull or docker load $pulled); then run: npm run images"
  fi
  docker tag "$(cat "$work/imported")" "$made"
  docker rmi github-flows-empty:latest > /dev/null
}
