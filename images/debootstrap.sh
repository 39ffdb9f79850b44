# Runs as root in a container made by debian.sh: debootstrap.sh MIRROR SECURITY-MIRROR (either may be empty, for
# debootstrap's own). Writes the new Debian's files to standard output as a tar.
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
new=/new

debootstrap --variant=minbase --include=ca-certificates bookworm "$new" ${1:+"$1"} >&2

mirror=$(sed -n 's/^deb \([^ ]*\) .*/\1/p;q' "$new/etc/apt/sources.list")
security=${2:-${mirror%/}-security}
cat > "$new/etc/apt/sources.list" << END
deb $mirror bookworm main
deb $mirror bookworm-updates main
deb $security bookworm-security main
END

# debootstrap copies these two from the machine; an image must not have them. The rest only takes room.
rm -f "$new/etc/resolv.conf" "$new/etc/hostname"
rm -rf "$new/var/cache/apt" "$new/var/lib/apt/lists" "$new/var/log"/*.log
mkdir -p "$new/var/cache/apt/archives/partial" "$new/var/lib/apt/lists/partial"
cat > "$new/etc/apt/apt.conf.d/image" << 'END'
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Install-Recommends "false";
END

tar -C "$new" -c .
