#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Images that are entered in 32-bit mode, bzImages and multiboot2 kernels, on a captured machine
# (tests/data/machines): where they are placed, and what is refused, with its reason.
set -eu

srcdir=${srcdir:-$(dirname "$0")/../..}
kexec=${KEXEC:-./kexec/kexec}
kho_fdt=${KHO_FDT:-./kho-fdt/kho-fdt}
data=$srcdir/tests/data
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

fail() { echo "FAIL: $*"; cat "$work/out"; failed=1; }

machine=$work/machine
mkdir "$machine"
tar -xzf "$data/machines/debian-6.12.tar.gz" -C "$machine"

plan() {
	code=0
	"$kexec" --dry-run --sysroot="$machine" "$@" > "$work/out" 2>&1 || code=$?
}

# taken OPTION ...: the plan is made. refused CODE PHRASE OPTION ...: it is not, for that reason.
taken() {
	plan "$@"
	[ "$code" = 0 ] || fail "exit code $code, not 0: $*"
}
refused() {
	expected=$1 phrase=$2
	shift 2
	plan "$@"
	[ "$code" = "$expected" ] || fail "exit code $code, not $expected: $*"
	grep -qF -- "$phrase" "$work/out" || fail "nothing says '$phrase': $*"
}
says() { grep -qF -- "$1" "$work/out" || fail "nothing says '$1'"; }
silent() { ! grep -F -- "$1" "$work/out" || fail "somebody says '$1'"; }

# put OFFSET BYTES: change the kernel of what follows, a bzImage; BYTES as printf has them.
put() {
	# shellcheck disable=SC2059 # escapes
	printf "$2" | dd of="$work/bzImage" bs=1 seek="$1" conv=notrunc 2> /dev/null
}

# segment NAME: "START END" of it in the plan.
segment() { sed -n "s/^segment *$1 *0x0*\([0-9a-f]*\)-0x0*\([0-9a-f]*\) .*/\1 \2/p" "$work/out"; }

# low NAME ...: all of these are below 4 GiB.
low() {
	for name; do
		case $(segment "$name") in
		"") fail "no segment $name" ;;
		*\ ?????????*) fail "$name is above 4 GiB" ;;
		esac
	done
}
high() {
	case $(segment "$1") in
	*\ ?????????*) ;;
	*) fail "$1 is not above 4 GiB" ;;
	esac
}

cp "$data/target.bzImage" "$work/bzImage"
bzImage=$work/bzImage
xen=$srcdir/tests/fuzz/corpus/multiboot2/whole
put 556 '\377\377\377\177'	# initrd_addr_max
head -c 100000 /dev/zero > "$work/initrd"
head -c 20000000 /dev/zero > "$work/large"
: > "$work/empty"

# ---- what kind of kernel takes what --------------------------------------------------------

taken "$bzImage" --entry-32bit --initrd="$work/initrd" --append=quiet
low kernel initrd boot_params purgatory
says "cmdline   quiet"
taken "$xen" --module="$work/initrd a  b" --module="$work/large" --command-line="x  y"
low kernel "module 1" "module 2" multiboot2 purgatory
says "cmdline   $xen x  y"
taken "$xen" -c -t multiboot2-x86 --entry-32bit
silent "module"
refused 1 "takes modules and no initrd" "$xen" --initrd="$work/initrd"
refused 1 "does not take Linux' boot parameters" "$xen" --args-linux
refused 1 "is no multiboot2 kernel" "$bzImage" --module="$work/initrd"
refused 1 "cannot open module '$work/none'" "$xen" --module="$work/none x"
refused 1 "module '$work/empty' is empty" "$xen" --module="$work/empty"
refused 255 "is of type multiboot2-x86" "$xen" -t bzImage
refused 255 "is of type bzImage" "$bzImage" -t elf-x86_64
refused 1 "has no 64-bit entry point, and a handover needs" --kho "$xen"
refused 1 "works without --kho only" --kho "$bzImage" --entry-32bit
refused 255 "for 32-bit CPUs, without a multiboot2 header" \
	"$srcdir/tests/fuzz/corpus/multiboot2/no-header"

# What the header asks for is what there is.
refused 255 "demands what this program does not know" "$srcdir/tests/fuzz/corpus/multiboot2/unknown"
refused 1 "demands multiboot2 information of type 31" \
	"$srcdir/tests/fuzz/corpus/multiboot2/information-31"

# ---- without a 64-bit entry ----------------------------------------------------------------

put 566 '\000\000'		# xloadflags
taken "$bzImage" --initrd="$work/initrd"
low kernel initrd boot_params purgatory
# A 32-bit kernel is as low as it can be.
[ "$(segment kernel)" = "1000000 2ffffff" ] || fail "the kernel is not at 16 MiB"
taken "$bzImage" --mem-min=0x1234567
[ "$(segment kernel)" = "1400000 33fffff" ] || fail "the kernel is not right behind 0x1234567"
refused 1 "below 0x38000000, where this kernel takes it" "$bzImage" --mem-min=0x37800000
refused 1 "has no 64-bit entry point, and a handover needs" --kho "$bzImage"
if "$kho_fdt" preflight "$bzImage" "$bzImage" > "$work/out" 2>&1; then
	fail "kho-fdt takes a kernel that no handover goes to"
fi
says "has no 64-bit entry point"
put 518 '\011\002'		# version 2.9
refused 255 "boot protocol older than 2.10" "$bzImage"
put 518 '\012\002'
taken "$bzImage"

# ---- what has to be low --------------------------------------------------------------------

# ram FIRST LAST ...: these ranges are all of the machine's RAM.
ram() {
	rm -r "$machine/sys/firmware/memmap"
	: > "$machine/proc/iomem"
	number=0
	while [ $# -gt 0 ]; do
		mkdir -p "$machine/sys/firmware/memmap/$number"
		echo "0x$1" > "$machine/sys/firmware/memmap/$number/start"
		echo "0x$2" > "$machine/sys/firmware/memmap/$number/end"
		echo "System RAM" > "$machine/sys/firmware/memmap/$number/type"
		echo "$1-$2 : System RAM" >> "$machine/proc/iomem"
		number=$((number + 1))
		shift 2
	done
}

cp "$data/target.bzImage" "$work/bzImage"
put 566 '\077\000'		# xloadflags: all of 2.15
put 556 '\377\377\377\177'
ram 100000 7fffff 100000000 13fffffff
taken "$bzImage" --initrd="$work/initrd"
high kernel
refused 1 "no room for the kernel" "$bzImage" --entry-32bit
taken "$xen" --module="$work/initrd"
low kernel "module 1" multiboot2 purgatory
refused 1 "no room for the module 1" "$xen" --module="$work/large"

# So do the last part of purgatory and what the kernel is told.
ram 200000 204fff 100000000 13fffffff
refused 1 "no room for the multiboot2" "$xen"
ram 200000 205fff 100000000 13fffffff
refused 1 "no room for the purgatory" "$xen"

# An initrd lies below what the header says, in RAM that goes further.
ram 100000 1fffffff
put 556 '\377\377\377\001'
taken "$bzImage" --entry-32bit --initrd="$work/initrd"
case $(segment initrd) in
*\ 1??????) ;;
*) fail "the initrd is not below 32 MiB" ;;
esac

# ---- 5-level page tables -------------------------------------------------------------------

put 566 '\037\000'		# XLF_5LEVEL off
taken "$bzImage"
says "is entered in 32-bit mode, because it cannot start with the 5-level page tables"
taken "$bzImage" --entry-32bit
silent "5-level"
sed -i 's/ la57//' "$machine/proc/cpuinfo"
taken "$bzImage"
silent "32-bit"

exit $failed
