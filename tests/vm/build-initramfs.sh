#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Packs the guest's whole file system: ipctrace, the workloads and tests/e2e (at the same relative
# places as in the source tree, under /ipctrace), Python with pytest, the commands that the tests
# start, their shared libraries, a static busybox for the rest, and tests/vm/init as /init.
# Nothing in it comes from anywhere but this machine, so that guest and host run the same programs.
#
#   build-initramfs.sh OUT.cpio [PYTEST-ARGUMENT...]
set -eu
umask 022
out=$1
shift
tree=$(cd "$(dirname "$0")/../.." && pwd)
root=$(mktemp -d)
chmod 755 "$root" # it becomes the guest's /
trap 'rm -rf "$root"' EXIT
python=/usr/bin/python3
packages=/usr/lib/python3/dist-packages

# Commands that tests run by name: the real ones, because their names and system calls are what is tested.
commands=(sh bash cat head tail wc dd tee gzip sleep true false tr seq sort yes env timeout mkfifo kill ls
	setpriv stdbuf nsenter unshare setsid prlimit getent)

mkdir -p "$root"/{usr/bin,usr/sbin,usr/lib64,usr/lib/python3/dist-packages,etc,proc,sys,dev,tmp,run,root,ipctrace/build}
for dir in bin sbin lib lib64; do ln -s "usr/$dir" "$root/$dir"; done
echo "root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/:/bin/sh" >"$root/etc/passwd"
echo "root:x:0:
nogroup:x:65534:" >"$root/etc/group"
echo "passwd: files
group: files
hosts: files" >"$root/etc/nsswitch.conf"
echo "127.0.0.1 localhost
::1 localhost" >"$root/etc/hosts"

# copy FILE...: to the same place, /lib and its like resolved, once.
copy() {
	for file; do
		real=$(realpath "$(dirname "$file")")/$(basename "$file")
		[ -e "$root$real" ] && continue
		mkdir -p "$root$(dirname "$real")"
		cp -aL "$file" "$root$real"
	done
}

# libraries FILE...: what they are linked with.
libraries() {
	mapfile -t linked < <(for file; do ldd "$file" 2>/dev/null; done |
		grep -oE '/[^ ]+\.so[^ ]*' | sort -u)
	copy "${linked[@]}"
}

for name in "${commands[@]}"; do
	path=$(command -v "$name" || true)
	case $path in /*) ;; *) path=$(type -P "$name" || true) ;; esac
	[ -n "$path" ] && copy "$path" && libraries "$path"
done
copy "$(command -v busybox)"
copy "$(realpath $python)"
ln -sf "$(basename "$(realpath $python)")" "$root/usr/bin/python3"

standard=$($python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
mkdir -p "$root$standard"
tar -c -C "$standard" --exclude='config-*' --exclude=test --exclude=lib2to3 --exclude=pydoc_data --exclude=distutils \
	--exclude=idlelib --exclude=ensurepip --exclude=tkinter . | tar -x -C "$root$standard"
for name in _pytest pytest pluggy iniconfig packaging attr attrs py py.py exceptiongroup tomli; do
	[ -e "$packages/$name" ] && cp -a "$packages/$name" "$root$packages/"
done
cp -a "$packages"/pytest-*info "$packages"/pluggy-*info "$root$packages/" 2>/dev/null || true
libraries "$(realpath $python)" "$standard"/lib-dynload/*.so

# pthread_exit and pthread_cancel load it at run time.
copy "$(gcc -print-file-name=libgcc_s.so.1 2>/dev/null || echo /lib/x86_64-linux-gnu/libgcc_s.so.1)"
for entry in d/dumb l/linux s/screen v/vt100 x/xterm; do
	[ -e "/lib/terminfo/$entry" ] && copy "/lib/terminfo/$entry"
done

if [ -x "$tree/build/ipctrace" ]; then
	cp -a "$tree/build/ipctrace" "$root/ipctrace/build/"
	libraries "$tree/build/ipctrace"
fi
for dir in workloads workloads32; do
	[ -d "$tree/build/$dir" ] && cp -a "$tree/build/$dir" "$root/ipctrace/build/"
done
mkdir -p "$root/ipctrace/tests"
cp -a "$tree/tests/e2e" "$tree/tests/vm" "$root/ipctrace/tests/"
for file in "$tree"/{pytest.ini,pyproject.toml,setup.cfg}; do
	[ -e "$file" ] && cp "$file" "$root/ipctrace/"
done
for argument; do
	echo "$argument"
done >"$root/ipctrace/pytest-arguments"
cp "$tree/tests/vm/init" "$root/init"
chmod 755 "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet --owner=0:0) >"$out.part"
mv "$out.part" "$out"
