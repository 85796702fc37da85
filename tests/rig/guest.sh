#!/bin/sh
# The first program of the guest: makes it habitable, runs the job, leaves its exit status, and
# switches off. The kernel puts FANLIGHT_RIG_JOB, a folder of the host's, into our environment.
set -u

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
ln -sf /proc/self/fd /dev/fd
mkdir -p /dev/shm
for folder in /dev/shm /tmp /run; do
	mount -t tmpfs tmpfs "$folder"
done
# The root is the host's, read-only. Two of its folders can be written, over what covers them now.
writable() {
	mkdir -p "$1" 2>/dev/null
	mount -t hostfs none "$1" -o "$1"
}
writable "$FANLIGHT_RIG_JOB"
. "$FANLIGHT_RIG_JOB/settings"
writable "$WRITABLE"
ip link set lo up

cd "$WRITABLE" || exit 1
bash "$FANLIGHT_RIG_JOB/command" </dev/null >"$FANLIGHT_RIG_JOB/output" 2>&1
echo $? >"$FANLIGHT_RIG_JOB/status"
sync
poweroff -f -d -n
