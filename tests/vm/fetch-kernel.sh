#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Puts Debian's kernel of one suite at CACHE/SUITE/vmlinuz (with its package's version in CACHE/SUITE/version),
# and those of its modules that tests need at CACHE/SUITE/modules.cpio, in the order in which they are loaded.
# Uses a private apt configuration, so that the machine's own is neither needed for that suite nor
# changed; the mirror is the one that the machine's own apt sources name. A cached kernel younger than
# a week is taken as it is, an older one when a newer one cannot be had.
#
#   fetch-kernel.sh SUITE CACHE
#
# Exit status 0: it is there. 1: not, with the reason as the only line on stdout.
set -u
suite=$1 cache=$2
kernel=$cache/$suite
mkdir -p "$kernel"

modules="vsock vmw_vsock_virtio_transport_common vsock_loopback"

refuse() {
	[ -s "$kernel/vmlinuz" ] && exit 0
	echo "$1"
	exit 1
}

if [ -n "$(find "$kernel/vmlinuz" -mtime -7 2>/dev/null)" ] && [ -s "$kernel/modules.cpio" ]; then
	exit 0
fi
command -v apt-get >/dev/null || refuse "apt-get is missing"

private=$(mktemp -d)
trap 'rm -rf "$private"' EXIT
mkdir -p "$private/lists/partial" "$private/cache/archives/partial" "$private/image"

# Debian's main archive, as the machine knows it: whatever file and format names it. apt tells it
# only of sources whose lists it has, so fetch them (privately) where the machine has none.
mirror_of() {
	# shellcheck disable=SC2016 # apt expands them
	apt-get "$@" indextargets --format '$(LABEL)|$(COMPONENT)|$(RELEASE)|$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		awk -F'|' '$1 == "Debian" && $2 == "main" && $3 !~ /-/ { print $4; exit }'
}
quietly=(-o "Dir::State::Lists=$private/lists" -o "Dir::Cache=$private/cache" -o APT::Sandbox::User=root
	-o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::Languages=none)
mirror=$(mirror_of)
if [ -z "$mirror" ]; then
	timeout 120 apt-get "${quietly[@]}" -qq update >/dev/null 2>&1
	mirror=$(mirror_of "${quietly[@]}")
fi
[ -n "$mirror" ] || refuse "no Debian mirror in this machine's apt sources, or no network"

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keyring" ] && signed="signed-by=$keyring"
echo "deb [arch=amd64 ${signed:-}] $mirror $suite main" >"$private/sources.list"
apt=("${quietly[@]}" -o "Dir::Etc::SourceList=$private/sources.list" -o Dir::Etc::SourceParts=-
	-o Dir::Etc::Preferences=- -o Dir::Etc::PreferencesParts=- -o Dir::State::Status=/dev/null)
timeout 120 apt-get "${apt[@]}" -qq update >/dev/null 2>&1 || refuse "the mirror has no suite $suite, or no network"

# linux-image-amd64 depends on the current image; newer suites keep the file itself in linux-binary-*.
image=$(apt-cache "${apt[@]}" show linux-image-amd64 2>/dev/null |
	sed -n 's/^Depends:.*\b\(linux-image-[0-9][^ ]*\) .*/\1/p' | head -1)
[ -n "$image" ] || refuse "$suite has no linux-image-amd64"
binary=linux-binary-${image#linux-image-}
apt-cache "${apt[@]}" show "$binary" >/dev/null 2>&1 || binary=$image
(cd "$private/image" && timeout 300 apt-get "${apt[@]}" -qq download "$binary") >/dev/null 2>&1 ||
	refuse "cannot download $binary"
dpkg-deb --fsys-tarfile "$private"/image/*.deb | tar -x -C "$private/image" --wildcards '*/vmlinuz*' ||
	refuse "$binary has no vmlinuz"
mv "$(find "$private/image" -type f -name 'vmlinuz*' | head -1)" "$private/vmlinuz" || refuse "$binary has no vmlinuz"
touch "$private/vmlinuz"

# Newer suites keep the modules in linux-modules-*. Tests of what is not found are skipped in the guest.
package=linux-modules-${image#linux-image-}
apt-cache "${apt[@]}" show "$package" >/dev/null 2>&1 || package=$binary
[ "$package" = "$binary" ] || (cd "$private/image" && rm -f ./*.deb && timeout 300 apt-get "${apt[@]}" -qq download "$package") >/dev/null 2>&1
mkdir -p "$private/modules/modules"
dpkg-deb --fsys-tarfile "$private"/image/*.deb 2>/dev/null | tar -x -C "$private/image" --wildcards '*/net/vmw_vsock/*' 2>/dev/null
number=10
for module in $modules; do
	file=$(find "$private/image" -type f -name "$module.ko*" | head -1)
	to=$private/modules/modules/$number-$module.ko
	case $file in
	*.ko) cp "$file" "$to" ;;
	*.xz) xz -dc "$file" >"$to" ;;
	*.zst) zstd -qdc "$file" >"$to" ;;
	esac
	number=$((number + 1))
done
(cd "$private/modules" && find . | sort | cpio -o -H newc --quiet --owner=0:0) >"$private/modules.cpio"
mv "$private/modules.cpio" "$kernel/modules.cpio"
echo "${image#linux-image-}" >"$kernel/version"
mv "$private/vmlinuz" "$kernel/vmlinuz"
