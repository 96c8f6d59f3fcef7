#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# "kexec -p" on a captured machine (tests/data/machines) that is given memory for a crash
# kernel: the plan, what is refused, and the exit codes.
set -eu

srcdir=${srcdir:-$(dirname "$0")/../..}
kexec=${KEXEC:-./kexec/kexec}
data=$srcdir/tests/data
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

fail() { echo "FAIL: $*"; cat "$work/out"; failed=1; }

# ends CODE OPTION ...: kexec ends like that. says PHRASE; says_not PHRASE: what it printed.
ends() {
	wanted=$1 code=0
	shift
	"$kexec" --sysroot="$work/machine" "$@" > "$work/out" 2>&1 || code=$?
	[ "$code" = "$wanted" ] || fail "exit code $code, not $wanted: $*"
}
says() { grep -qF -- "$1" "$work/out" || fail "nothing says '$1'"; }
says_not() { ! grep -qF -- "$1" "$work/out" || fail "something says '$1'"; }

plan() { ends "$1" -p --dry-run "$data/target.bzImage" --append="console=ttyS0 -- x" "$2"; }

put() {
	mkdir -p "$work/machine/${1%/*}"
	printf '%b' "$2" > "$work/machine/$1"
}

# phdr VIRT PHYS SIZE: a program header; numbers as octal bytes, the lowest one first.
phdr() {
	printf '\001\000\000\000\007\000\000\000\000\000\000\000\000\000\000\000'
	# shellcheck disable=SC2059 # escapes
	printf "$1$2$3$3"
	printf '\000\000\000\000\000\000\000\000'
}

# /proc/kcore: the kernel at 0xffffffff81000000, 10 MiB from 0x37c00000; RAM from 1 MiB on at
# 0xffff888000000000, 1022 MiB.
kcore() {
	printf '\177ELF\002\001\001\000\000\000\000\000\000\000\000\000\004\000\076\000\001\000\000\000'
	printf '\000\000\000\000\000\000\000\000\100\000\000\000\000\000\000\000'
	printf '\000\000\000\000\000\000\000\000\000\000\000\000\100\000\070\000\002\000\000\000\000\000\000\000'
	phdr '\000\000\000\201\377\377\377\377' '\000\000\300\067\000\000\000\000' \
		'\000\000\240\000\000\000\000\000'
	phdr '\000\000\020\000\200\210\377\377' '\000\000\020\000\000\000\000\000' \
		'\000\000\340\077\000\000\000\000'
}

mkdir "$work/machine"
tar -xzf "$data/machines/kho-on.tar.gz" -C "$work/machine"

# ---- a kernel without crash kernels, and one that has set nothing aside -------------------

ends 0 --print-ckr-size
says "0"
plan 255 -c
says "is /sys mounted"
ends 255 -S
put sys/kernel/kexec_loaded '0\n'
plan 255 -c
says "cannot have a crash kernel: use one with CONFIG_CRASH_DUMP"
put sys/kernel/kexec_crash_loaded '0\n'
ends 0 -S
plan 254 -c
says "Memory for crashkernel is not reserved"
says "boot it with crashkernel=256M"
cp "$work/machine/proc/cmdline" "$work/cmdline"
put proc/cmdline 'crashkernel=2G\n'
plan 254 -c
says "its log (dmesg) says why it could not"
cp "$work/cmdline" "$work/machine/proc/cmdline"

# ---- 192 MiB at 0x10000000 -------------------------------------------------------------------

sed -i 's/^00100000-3ffdffff.*/&\n  10000000-1bffffff : Crash kernel/' "$work/machine/proc/iomem"
ends 0 --print-ckr-size
says "201326592"
plan 1 -c
says "shows no crash_notes"
says_not "with -s"
put sys/devices/system/cpu/cpu0/crash_notes '3fc00000\n'
put sys/devices/system/cpu/cpu0/crash_notes_size '368\n'
plan 1 -c
says "cannot read /sys/kernel/vmcoreinfo"
put sys/kernel/vmcoreinfo '0x3fd00000 1024\n'
kcore > "$work/machine/proc/kcore"

plan 0 -c
says "segment   core headers     0x00001bfff000-0x00001bffffff"
says "memory    usable           0x000000000000-0x00000009fbff"
says "memory    usable           0x000010000000-0x00001bffefff"
says "cmdline   console=ttyS0 elfcorehdr=0x000000001bfff000 -- x"
says_not "KHO"
[ "$(grep -c '^segment' "$work/out")" = 5 ] || fail "not 5 segments"
! grep '^segment' "$work/out" | grep -qv ' 0x00001[0-9ab]' || fail "a segment outside of what is set aside"
plan 0 -a
plan 0 --pass-memmap-cmdline
says "memmap=exactmap memmap=0x9fc00@0x0 "
says "memmap=0xbfff000@0x10000000 "
plan 1 --hotplug
says "leave it out, and load again when CPUs or memory change"
put sys/kernel/crash_elfcorehdr_size '65536\n'
plan 0 --hotplug
says "core headers     0x00001bff0000-0x00001bffffff"
plan 1 --mem-max=0x10100000
says "within --mem-min and --mem-max"
plan 1 --kho
says "a crash kernel gets no handover"
plan 1 --elf32-core-headers
plan 0 --elf64-core-headers

# What is for the running kernel alone is not reused.
put proc/cmdline 'BOOT_IMAGE=/v quiet crashkernel=192M,high elfcorehdr=0x1 kho=on kho_scratch=1M,1M,1M reserve_mem=1M:4096:a reserve_mem=1M:4096:b xcrashkernel=1 last\n'
ends 0 -p --dry-run "$data/target.bzImage" --reuse-cmdline --append=mine
says "cmdline   quiet kho=on xcrashkernel=1 last kho=off mine elfcorehdr=0x000000001bff"
says "'reserve_mem=' is left out of the crash kernel's command line"
says "added 'kho=off' to the crash kernel's command line"
put proc/cmdline 'BOOT_IMAGE=/v quiet crashkernel=192M,high elfcorehdr=0x1 xcrashkernel=1 last\n'
ends 0 -p --dry-run "$data/target.bzImage" --reuse-cmdline
says_not "is left out"
ends 0 -c --dry-run "$data/target.bzImage" --reuse-cmdline
says "cmdline   quiet crashkernel=192M,high elfcorehdr=0x1 xcrashkernel=1 last"
exit "$failed"
