#!/bin/bash
# Cameras for a machine that has none. See README.md in this folder.
#
#   rig.sh build                  build the guest's kernel, once; needs Debian or a relative of it
#   rig.sh ready                  succeed if it is there
#   rig.sh run [-w FOLDER] [-m MEMORY] -- PROGRAM [ARGUMENT...]
#                                 run a program beside the devices; FOLDER (the current one, if not
#                                 given) is all that it can write to, MEMORY (768M) what it has.
#                                 The exit status is the program's.
#
# The kernel is kept in $FANLIGHT_RIG_CACHE, or else in ~/.cache/fanlight/rig.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=${FANLIGHT_RIG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fanlight/rig}
KERNEL=$CACHE/linux

fail() {
	echo "rig: $*" >&2
	exit 1
}

# Program names and the packages they are in.
need() {
	local missing=()
	while [ $# -gt 0 ]; do
		command -v "$1" >/dev/null || missing+=("$2")
		shift 2
	done
	[ ${#missing[@]} -eq 0 ] || apt-get install -y --no-install-recommends "${missing[@]}"
}

fetch() {
	command -v apt-get >/dev/null || fail "only Debian's packages of the sources are known here"
	mkdir -p "$CACHE/packages"
	cd "$CACHE/packages"
	local source
	source=$(apt-cache depends linux-source | awk '/Depends: linux-source-/ { print $2; exit }')
	[ -n "$source" ] || fail "apt knows no linux-source; try apt-get update"
	apt-get download "$source" v4l2loopback-dkms
	for package in *.deb; do
		dpkg-deb --extract "$package" "$CACHE/unpacked"
	done
	mkdir -p "$CACHE/source"
	tar --extract --xz --strip-components=1 --directory "$CACHE/source" \
		--file "$CACHE"/unpacked/usr/src/linux-source-*.tar.xz
	# A driver from outside the kernel's tree, built in: the guest loads no modules.
	local drivers=$CACHE/source/drivers/media/test-drivers
	cp "$CACHE"/unpacked/usr/src/v4l2loopback-*/*.[ch] "$drivers"
	echo 'obj-y += v4l2loopback.o' >>"$drivers/Makefile"
	touch "$CACHE/fetched"
}

build() {
	[ ! -x "$KERNEL" ] || return 0
	need flex flex bison bison bc bc gcc gcc make make xz xz-utils
	[ -e "$CACHE/fetched" ] || fetch
	local make=(make --directory "$CACHE/source" "O=$CACHE/objects" ARCH=um SUBARCH=x86_64)
	mkdir -p "$CACHE/objects"
	"${make[@]}" tinyconfig >/dev/null
	(cd "$CACHE/objects" &&
		"$CACHE/source/scripts/kconfig/merge_config.sh" -m .config "$HERE/kernel.config" >/dev/null)
	"${make[@]}" olddefconfig >/dev/null
	# An option whose own needs are not met is dropped without a word.
	for option in VIDEO_VIVID HOSTFS DEVTMPFS INET; do
		grep -q "^CONFIG_$option=y" "$CACHE/objects/.config" || fail "the kernel has no $option"
	done
	echo "rig: building a kernel; ten minutes on one core"
	"${make[@]}" "-j${JOBS:-$(nproc)}" linux >"$CACHE/build.log" 2>&1 || {
		tail -n 30 "$CACHE/build.log" >&2
		fail "the build failed; see $CACHE/build.log"
	}
	strip -o "$KERNEL.new" "$CACHE/objects/linux"
	mv "$KERNEL.new" "$KERNEL"
	rm -rf "$CACHE"/{objects,source,unpacked,packages,fetched}
}

run() {
	local writable=$PWD memory=768M
	while getopts w:m: option; do
		case $option in
		w) writable=$(realpath "$OPTARG") ;;
		m) memory=$OPTARG ;;
		*) exit 2 ;;
		esac
	done
	shift $((OPTIND - 1))
	[ $# -gt 0 ] || fail "run what?"
	[ -x "$KERNEL" ] || fail "there is no kernel yet: rig.sh build"

	local job
	job=$(mktemp -d "${TMPDIR:-/tmp}/fanlight-rig.XXXXXX")
	# shellcheck disable=SC2064  # The folder of now, not of later.
	trap "rm -rf '$job'" EXIT
	printf 'WRITABLE=%q HOME=%q PATH=%q\nexport HOME PATH\n' "$writable" "$HOME" "$PATH" >"$job/settings"
	# The program finds the caller's environment as well as its arguments.
	{ export -p; printf '%q ' "$@"; echo; } >"$job/command"
	: >"$job/output"
	tail --follow --lines=+1 --sleep-interval=0.1 --pid=$$ "$job/output" &
	local follower=$!

	# Without trust in what the host gives for randomness, programs wait for it for ever.
	"$KERNEL" "mem=$memory" root=none rootfstype=hostfs rootflags=/ ro "init=$HERE/guest.sh" \
		quiet random.trust_cpu=on con=null con0=null,fd:1 "FANLIGHT_RIG_JOB=$job" \
		vivid.n_devs=2 vivid.node_types=0x1,0x1 vivid.num_inputs=1,1 vivid.input_types=0,3 \
		vivid.vid_cap_nr=20,21 \
		v4l2loopback.devices=2 v4l2loopback.video_nr=50,51 v4l2loopback.exclusive_caps=1,1 \
		</dev/null >"$job/console" 2>&1 || true

	sleep 0.3 # The follower looks ten times a second.
	kill "$follower" 2>/dev/null || true
	wait "$follower" 2>/dev/null || true
	[ -e "$job/status" ] || {
		cat "$job/console" >&2
		fail "the guest died"
	}
	exit "$(cat "$job/status")"
}

case ${1:-} in
build) build ;;
ready) [ -x "$KERNEL" ] ;;
run)
	shift
	run "$@"
	;;
*)
	sed -n '2,13p' "${BASH_SOURCE[0]}" >&2
	exit 2
	;;
esac
