#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Plan a handover on captured machines (tests/data/machines, see
# tests/capture/run) and compare with the plan that was reviewed.
# "test-machines.sh --accept" makes the plans again.
set -eu

srcdir=${srcdir:-$(dirname "$0")/../..}
kexec=${KEXEC:-./kexec/kexec}
data=$srcdir/tests/data
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
head -c 1712 /dev/zero > "$work/notes"

for machine in "$data"/machines/*.tar.gz; do
	name=$(basename "$machine" .tar.gz)
	mkdir "$work/$name"
	tar -xzf "$machine" -C "$work/$name"
	# Regions, blobs, and what they add to the command line are in the plan.
	"$kexec" --kho --dry-run --sysroot="$work/$name" -l "$data/target.bzImage" \
		--append="console=ttyS0" --kho-blob="notes=$work/notes" \
		> "$work/plan" 2> "$work/messages" || echo "exit code $?" >> "$work/plan"
	cat "$work/messages" >> "$work/plan"
	if [ "${1-}" = --accept ]; then
		cp "$work/plan" "$data/machines/$name.plan"
	elif ! diff -u "$data/machines/$name.plan" "$work/plan"; then
		echo "$name: the plan is not the one reviewed"
		status=1
	fi
done

# A node of size 0 is no fault: that of kexec-metadata, whose size is 73, in the root FDT.
core=$work/kho-on/proc/kcore
at=$(LC_ALL=C grep -obUaP 'I\0\0\0\0\0\0\0' "$core" | cut -d: -f1)
printf '\0' | dd of="$core" bs=1 seek="$at" conv=notrunc 2> /dev/null
if ! "$kexec" --kho --dry-run --sysroot="$work/kho-on" -l "$data/target.bzImage" > "$work/plan" 2>&1 ||
	! grep -q 'kexec-metadata  *empty' "$work/plan"; then
	cat "$work/plan"
	echo "a node of size 0 is refused"
	status=1
fi
exit $status
