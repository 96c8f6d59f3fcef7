# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Runs the command lines of /compat/lines with the program that the scenario is named after.
# Sourced in the guest. The host gets the file "records": for each command line its state and
# text, its exit code, /sys/kernel/kexec_loaded and kexec_crash_loaded before and after it, 1 if
# it has printed anything, and the first line of its errors; between tabs.
#
# An emulated machine is slow to start programs, so a command line costs one and little more.
# shellcheck disable=SC2154 # scenario

files=/compat/files
records=/tmp/records

# ---- what is loaded: by system calls of our own, not by the programs compared ---------------

load_raw() { rawkexec load "$1" 0 "$files/bzImage" - quiet; }		# 4: no initrd, 2: crash
unload_raw() { rawkexec load "$1" 0 - - ""; }				# 1: unload, 2: crash

# look: set loaded and crash_loaded.
look() {
	read -r loaded < /sys/kernel/kexec_loaded
	read -r crash_loaded < /sys/kernel/kexec_crash_loaded
}

# clear: nothing is loaded. Only then can a command line with -e be run.
clear() {
	look
	[ "$loaded" = 0 ] || unload_raw 1 > /dev/null
	[ "$crash_loaded" = 0 ] || unload_raw 3 > /dev/null
	look
	[ "$loaded$crash_loaded" = 00 ]
}

# ---- states ---------------------------------------------------------------------------------

# enter STATE, and leave STATE: around each command line. A state that "leave" does not mention
# lasts to the end of the guest, and nothing is unloaded in it.
enter() {
	case $1 in
	limit-*) limit "${1#limit-}"; return ;;
	no-crashkernel) clear && echo 0 > /sys/kernel/kexec_crash_size; return ;;
	disabled) echo 1 > /proc/sys/kernel/kexec_load_disabled; return ;;
	esac
	clear || return 1
	case $1 in
	loaded) [ "$(load_raw 4)" = OK ] ;;
	crash) [ "$(load_raw 6)" = OK ] ;;
	no-sys) hide_sys ;;
	no-proc) umount /proc ;;
	no-memmap) mount -t tmpfs none /sys/firmware ;;
	retain) retain ;;
	shutdown) printf '#!/bin/sh\n' > /sbin/shutdown && chmod 755 /sbin/shutdown ;;
	no-run) umount /run && rmdir /run ;;
	fresh | user) ;;
	*) return 1 ;;
	esac
}

leave() {
	case $1 in
	no-sys) mount -t sysfs sysfs /sys && mount -t debugfs debugfs /sys/kernel/debug ;;
	no-proc) mount -t proc proc /proc ;;
	no-memmap) umount /sys/firmware ;;
	retain) umount /sys/firmware && umount /proc/cmdline ;;
	shutdown) rm /sbin/shutdown ;;
	# "kexec --kho" would make it; nothing here says --kho.
	no-run) mkdir /run && mount -t tmpfs tmpfs /run ;;
	esac
}

# limit KIND: no loads any more of KIND, "reboot" or "panic". A crash kernel that a command line
# before has loaded is no part of the next one's end.
limit() {
	look
	[ "$crash_loaded" = 0 ] || unload_raw 3 > /dev/null
	[ "$(cat "/proc/sys/kernel/kexec_load_limit_$1")" = 0 ] ||
		echo 0 > "/proc/sys/kernel/kexec_load_limit_$1"
}

hide_sys() {
	umount /sys/kernel/debug 2> /dev/null
	umount /sys
}

# As if booted with retain_initrd. A folder that is mounted over hides the firmware's map too.
retain() {
	echo retain_initrd > /tmp/cmdline
	mount --bind /tmp/cmdline /proc/cmdline
	mount -t tmpfs none /sys/firmware
	cp "$files/initrd" /sys/firmware/initrd
}

# ---- one command line -----------------------------------------------------------------------

# The program compared: ours, or kexec-tools with the libraries of its release.
program() {
	if [ "$scenario" = ours ]; then
		echo /sbin/kexec
	else
		dir=/compat/$scenario
		echo "$dir/lib/ld-linux-x86-64.so.2 --library-path $dir/lib $dir/kexec"
	fi
}

# run_line STATE LINE: in a shell of its own, which expands what LINE quotes.
run_line() {
	as=
	[ "$1" != user ] || as="asuser 1000"
	(cd "$files" && eval "exec timeout -s KILL 120 $as $program $2") \
		< /dev/null > /tmp/out 2> /tmp/err
}

# is_loaded: what is loaded, in two digits.
is_loaded() {
	look
	echo "$loaded$crash_loaded"
}

# try STATE LINE
try() {
	if ! enter "$1"; then
		printf '%s\tno state\n' "$1" >> "$records"
		leave "$1"
		return
	fi
	# Where /sys is hidden, nothing is loaded before.
	before=$(is_loaded 2> /dev/null)
	run_line "$1" "$2"
	code=$? said=0 error=
	leave "$1"
	[ ! -s /tmp/out ] && [ ! -s /tmp/err ] || said=1
	read -r error < /tmp/err
	after=$(is_loaded)
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$code" "${before:-00}" "$after" "$said" "$error" \
		>> "$records"
	echo "compat [$1] $2: $code $before $after"
}

# ---- all of them ----------------------------------------------------------------------------

# letters COUNT
letters() { head -c "$1" /dev/zero | tr '\0' a; }

all() {
	state=fresh
	while IFS= read -r line; do
		case $line in
		'' | '#'*) ;;
		'['*']') state=${line#[} state=${state%]} ;;
		*) try "$state" "${line%%" ;; "*}" ;;
		esac
	done < /compat/lines
}

compare() {
	set +e
	for count in 255 1024 2046 2047 2048 4096; do eval "c$count=$(letters "$count")"; done
	program=$(program)
	# Too large to be carried; a file with a hole is read like any other.
	truncate -s 64M "$files/large"
	chmod 600 "$files/unreadable"
	: > "$records"
	all
	base64 -w 900 "$records" > /tmp/text
	while read -r part; do host_ask save records "$part"; done < /tmp/text
	set -e
}
