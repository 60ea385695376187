#!/bin/bash
# rootfs.sh BUILD_DIR: makes BUILD_DIR/rootfs.tar, the base image's files, from the Debian (or
# Ubuntu) of this machine with debootstrap. Needs root. The caller owns and removes BUILD_DIR.
#
# The mirrors, their proxies, credentials and keys are those of this machine's apt: only the
# minimal base is debootstrap's, all the rest is installed by the machine's own apt into the new
# root, so whatever way this machine reaches its mirror is the way that is taken.
set -euo pipefail
umask 022

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
root=$build/root
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

# In namespaces of its own, debootstrap's mounts and every process are gone when this ends or when
# the caller does, however either ends.
apart=(unshare --mount --propagation private --pid --fork --kill-child --mount-proc)
if [[ ${VIBETUI_APART:-} != 1 ]] && "${apart[@]}" true 2>/dev/null; then
    VIBETUI_APART=1 exec setpriv --pdeathsig KILL -- "${apart[@]}" "$0" "$@"
fi

. /etc/os-release
codename=${UBUNTU_CODENAME:-$VERSION_CODENAME}

# The mirror of the release itself; `mirror+file:` names a list of mirrors, of which the first is
# taken, since debootstrap wants one address.
main_mirror() {
    apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
        awk -v release="$codename" '$1 == release && $2 == "main" { print $3; exit }'
}
mirror=$(main_mirror)
if [[ -z $mirror ]]; then
    apt-get -qq update
    mirror=$(main_mirror)
fi
if [[ $mirror == mirror+file:* ]]; then
    mirror=$(awk '!/^#/ && NF { print $1; exit }' "${mirror#mirror+file:}" 2>/dev/null ||
        awk '!/^#/ && NF { print $1; exit }' "$(sed 's/^mirror+file://; s#/*$##' <<<"$mirror")")
fi
if [[ -z $mirror ]]; then
    echo "This machine's apt has no source for '$codename main'." >&2
    exit 1
fi

# debootstrap fetches with wget, which does not read apt's own proxy settings.
proxy=$(apt-config shell proxy Acquire::http::Proxy)
eval "$proxy"
[[ -z ${proxy:-} ]] || export http_proxy=$proxy

mkdir "$root"
echo "debootstrap $codename" >&2
debootstrap --variant=minbase --merged-usr "$codename" "$root" "$mirror" >&2

install -m 644 "$here/slim.cfg" "$root/etc/dpkg/dpkg.cfg.d/vibetui-slim"
# Nothing here has to survive a power cut before the tar is written.
echo force-unsafe-io > "$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"

# Packages of the distribution only: the machine may have other sources beside it.
cat > "$build/preferences" <<EOF
Package: *
Pin: release o=${ID^}
Pin-Priority: 500

Package: *
Pin: release o=*
Pin-Priority: -1
EOF
machine_apt() {
    apt-get -qq -y \
        -o Dir::State="$root/var/lib/apt" -o Dir::State::status="$root/var/lib/dpkg/status" \
        -o Dir::Cache="$root/var/cache/apt" -o Dir::Log="$root/var/log/apt" \
        -o Dir::Etc::preferences="$build/preferences" -o Dir::Etc::preferencesparts=/dev/null \
        -o DPkg::Chroot-Directory="$root" -o DPkg::Use-Pty=0 \
        -o APT::Sandbox::User=root -o APT::Install-Recommends=false \
        -o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}
echo "packages" >&2
machine_apt update >&2
machine_apt dist-upgrade >&2
grep -v '^#' "$here/packages.txt" | { mapfile -t packages; machine_apt install "${packages[@]}" >&2; }

echo "provision" >&2
install -m 755 "$here/provision.sh" "$root/tmp/provision.sh"
chroot "$root" /tmp/provision.sh >&2
rm -rf "$root/usr/sbin/policy-rc.d" "$root/etc/dpkg/dpkg.cfg.d/unsafe-io" "$root/etc/hostname" \
    "$root/debootstrap" "$root/tmp/provision.sh"
: > "$root/etc/resolv.conf"

echo "tar" >&2
mountpoint -q "$root/proc" && umount "$root/proc"
mountpoint -q "$root/sys" && umount "$root/sys"
tar --create --file "$build/rootfs.tar.part" --numeric-owner --sort=name --xattrs \
    --directory "$root" --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' \
    --exclude='./run/*' .
mv "$build/rootfs.tar.part" "$build/rootfs.tar"
