#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What "kexec --kho" refuses to hand over, on captured machines (tests/data/machines): with
# its reason, next to the nearest thing that is accepted.
set -eu

srcdir=${srcdir:-$(dirname "$0")/../..}
kexec=${KEXEC:-./kexec/kexec}
kho_fdt=${KHO_FDT:-./kho-fdt/kho-fdt}
data=$srcdir/tests/data
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

fail() { echo "FAIL: $*"; cat "$work/out"; failed=1; }

# on NAME: the machine of what follows, as it was captured.
on() {
	machine=$work/$1
	rm -rf "$machine"
	mkdir "$machine"
	tar -xzf "$data/machines/$1.tar.gz" -C "$machine"
}

plan() {
	code=0
	"$kexec" --kho --dry-run --sysroot="$machine" "$data/target.bzImage" "$@" \
		> "$work/out" 2>&1 || code=$?
}

# taken OPTION ...: the plan is made. refused PHRASE OPTION ...: it is not, for that reason.
taken() {
	plan "$@"
	[ "$code" = 0 ] || fail "exit code $code, not 0: $*"
}
refused() {
	phrase=$1
	shift
	plan "$@"
	case $code in
	1 | 255) ;;
	*) fail "exit code $code, not refused: $*" ;;
	esac
	grep -qF -- "$phrase" "$work/out" || fail "nothing says '$phrase': $*"
}
says() { grep -qF -- "$1" "$work/out" || fail "nothing says '$1'"; }

# at ADDRESS [SIZE]: the option for a region there.
at() { echo "--kho-region=x=$1,${2:-0x1000}"; }

# ---- where a region can be -------------------------------------------------------------

# RAM from 1 MiB to 0x3ffe0000; scratch from 0x29c00000 to 0x37c00000; the kernel's code from
# there; r0 from 0x3c800000 to 0x3d800000; the node memblock at 0x1a7e000.
on kho-on
taken "$(at 0x10000000)"
says "region 'x': every user of the next kernel can read it"
refused "multiples of the page size" "$(at 0x10000800)"
refused "multiples of the page size" "$(at 0x10000000 0x1800)"
taken "$(at 0x100000)"
refused "memory below 1 MiB" "$(at 0xff000)"
refused "memory below 1 MiB" "$(at 0x9f000 0x100000)"
taken "$(at 0x3ffdf000)"
refused "is not all RAM" "$(at 0x3ffdf000 0x2000)"
refused "is not all RAM" "$(at 0xfee00000)"
refused "is not all RAM" "$(at 0x7ffffffffffff000)"
taken "$(at 0x29bff000)"
refused "overlaps scratch 0x29c00000-0x2f7fffff" "$(at 0x29bff000 0x2000)"
refused "hand over memory outside scratch" "$(at 0x37bff000)"
refused "overlaps the running kernel's own image" "$(at 0x37c00000)"
refused "overlaps the running kernel's own image" "$(at 0x380e9000)"
taken "$(at 0x380ea000)"
taken "$(at 0x3c7ff000)"
refused "overlaps memory that the running kernel already preserves" "$(at 0x3c7ff000 0x2000)"
refused "overlaps memory that the running kernel already preserves" "$(at 0x3d7ff000)"
taken "$(at 0x3d800000)"
refused "overlaps memory that the running kernel already preserves" "$(at 0x1a7e000)"

# Its map is not in itself.
map=$("$kho_fdt" show --sysroot="$machine" live 2> /dev/null |
	sed -n 's/^map *\(0x[0-9a-f]*\).*/\1/p')
[ -n "$map" ] || fail "no address of the map"
refused "overlaps memory that the running kernel already preserves" "$(at "$map")"

# The crash kernel's memory too.
cp "$machine/proc/iomem" "$work/iomem"
echo "  10000000-10ffffff : Crash kernel" >> "$machine/proc/iomem"
refused "its crash kernel" "$(at 0x10fff000)"
taken "$(at 0x11000000)"
cp "$work/iomem" "$machine/proc/iomem"

# ---- names -----------------------------------------------------------------------------

refused "the running kernel has a reserve_mem region of this name" --kho-region=r0=0x10000000,0x1000
taken --kho-region=a=0x10000000,0x2000 --kho-region=b=0x10002000,0x1000
refused "regions 'b' and 'a' overlap" --kho-region=a=0x10000000,0x2000 --kho-region=b=0x10001000,0x1000
many=
for n in 1 2 3 4 5 6 7; do many="$many --kho-region=n$n=0x1000${n}000,0x1000"; done
# shellcheck disable=SC2086 # options
taken $many
# shellcheck disable=SC2086
refused "8 reserve_mem regions and 'x' are more than the 8" $many "$(at 0x11000000)"

for name in memblock kexec-metadata LUO; do
	refused "blob '$name': the kernel has its own node of this name" "--kho-blob=$name=/dev/null"
done
refused "blob 'r0': a region has this name" --kho-blob=r0=/dev/null
taken --kho-blob=r1=/dev/null
refused "cannot open blob '$work/none'" --kho-blob="b=$work/none"

# ---- what is verified --------------------------------------------------------------------

# What is in a region was not captured, so the last check is the one that refuses.
unread="region 'r0' cannot be verified: its memory cannot be read"
refused "$unread" --kho-verify=r0
refused "there is no region 'r1' to verify" --kho-verify=r1
refused "there is no region 'r1' to verify" --kho-verify=r0,r1
refused "$unread" --kho-verify=all
mkdir -p "$machine/sys/module/ramoops/parameters"
echo r0 > "$machine/sys/module/ramoops/parameters/mem_name"
refused "ramoops of the running kernel writes to region 'r0' until the end" --kho-verify=r0
taken --kho-verify=all
says "region 'r0' is not verified: ramoops of the running kernel"
echo r00 > "$machine/sys/module/ramoops/parameters/mem_name"
refused "$unread" --kho-verify=r0
rm -r "$machine/sys/module"
cp "$machine/proc/cmdline" "$work/cmdline"
sed -i 's/$/ ramoops.mem_name=r0/' "$machine/proc/cmdline"
refused "ramoops of the running kernel writes to region 'r0' until the end" --kho-verify=r0
sed 's/$/ trace_instance=boot@r0/' "$work/cmdline" > "$machine/proc/cmdline"
refused "a trace instance of the running kernel writes to region 'r0' until the end" --kho-verify=r0
cp "$work/cmdline" "$machine/proc/cmdline"

# ---- what came from the kernel before ------------------------------------------------------

taken --kho-carry
says "nothing was handed to this kernel, so no blob is carried"
refused "--kho-carry: nothing was handed to this kernel" --kho-carry=b
setup_data=$machine/sys/kernel/boot_params/setup_data/0
mkdir -p "$setup_data"
echo 0x6b686f01 > "$setup_data/type"
head -c 4096 /dev/zero > "$setup_data/data"
taken
says "going on without it: no blob is carried"
refused "has no report" --kho-carry
refused "has no report" --kho-carry=b
rm -r "$machine/sys/kernel/boot_params/setup_data"

# A payload as the kernel before would have left it, with its report: 1 is "verified".
handed() {
	mkdir -p "$machine/sys/kernel/kho/in"
	cp "$work/segment" "$machine/sys/kernel/kho/in/segment"
	# shellcheck disable=SC2059 # an octal escape
	printf "\\00$1\\000\\000\\000" | dd of="$machine/sys/kernel/kho/in/segment" bs=1 seek=520 \
		conv=notrunc 2> /dev/null
}
save() {
	rm -f "$work/segment"
	printf 'format 2\nsegment verify seal\n' > "$machine/sys/kernel/kho/features"
	"$kexec" --kho --kho-save-segment="$work/segment" --sysroot="$machine" "$data/target.bzImage" \
		"$@" > "$work/out" 2>&1 || fail "no segment: $*"
}
status() {
	"$kexec" --kho-status --sysroot="$machine" > "$work/out" 2>&1 || true
}
mkdir -p "$machine/sys/kernel/kho"
echo "kept for the next one" > "$work/notes"
save --kho-blob=notes="$work/notes"
handed 0
refused "was not started through kexec's purgatory" --kho-carry
handed 2
refused "was damaged and has been dropped" --kho-carry
handed 1
taken --kho-carry
says "blob      notes"
taken --kho-carry=notes
says "blob      notes"
taken
! grep -q "^blob" "$work/out" || fail "carried without --kho-carry"
refused "no blob 'other' was handed to this kernel" --kho-carry=other
refused "blob 'notes' is given twice" --kho-carry --kho-blob=notes=/dev/null
status
says "handover 1 of this chain"
save --kho-carry
handed 1
status
says "handover 2 of this chain"
"$kexec" --kho-get=notes --sysroot="$machine" > "$work/out"
cmp "$work/out" "$work/notes" || fail "another blob"
# A damaged bit in its last page: none of it is handed on.
at=$(grep -abo "kept for the next" "$machine/sys/kernel/kho/in/segment" | cut -d: -f1)
printf K | dd of="$machine/sys/kernel/kho/in/segment" bs=1 seek="$at" conv=notrunc 2> /dev/null
refused "blob 'notes' has been damaged since this kernel started" --kho-carry
rm -r "$machine/sys/kernel/kho"

# ---- the command line ---------------------------------------------------------------------

refused "the command line says kho=off" --append=kho=off
# The running kernel's own line cannot be changed, so a word behind it is the remedy.
sed 's/$/ kho=off -- x/' "$work/cmdline" > "$machine/proc/cmdline"
taken --reuse-cmdline
says "added 'kho=on' to the command line, behind the running kernel's kho=off"
says "kho=off kho=on -- x"
taken --reuse-cmdline --append=kho=on
refused "the command line says kho=off" --reuse-cmdline --append=kho=off
cp "$work/cmdline" "$machine/proc/cmdline"
refused "says mem=0x3d7fffff, which takes region r0" --append=mem=0x3d7fffff
taken --append=mem=0x3d800000
refused "ends inside a quoted word" --append='x="y'

# ---- the new kernel ------------------------------------------------------------------------

code=0
"$kexec" --kho --dry-run --sysroot="$machine" "$data/target-none.bzImage" > "$work/out" 2>&1 || code=$?
[ "$code" != 0 ] || fail "target-none: not refused"
says "has no KHO"
# Its setup header says 2047 characters.
plain() {
	code=0
	"$kexec" -c --dry-run --sysroot="$machine" "$data/target.bzImage" "$@" > "$work/out" 2>&1 || code=$?
}
plain --append="$(printf '%2047s' x)"
[ "$code" = 0 ] || fail "a command line as long as can be: exit code $code"
plain --append="$(printf '%2048s' x)"
[ "$code" != 0 ] || fail "a command line that is too long: not refused"
says "the command line has 2048 characters, the new kernel reads 2047"

# Half a download: the fault is not that it is no bzImage.
gzip -c "$data/target.bzImage" | head -c 200 > "$work/half.gz"
code=0
"$kexec" -c --dry-run --sysroot="$machine" "$work/half.gz" > "$work/out" 2>&1 || code=$?
[ "$code" = 255 ] || fail "half a .gz: exit code $code"
says "begins as a file compressed with gzip: truncated; copy it again, in full"

# ---- room -----------------------------------------------------------------------------------

# More than the largest area has left, and than both; none of it is read into memory twice.
truncate -s 140M "$work/initrd"
refused "no room in the running kernel's scratch areas for the initrd" --initrd="$work/initrd"
truncate -s 80M "$work/initrd"
taken --initrd="$work/initrd"

# A kernel without KHO: scratch is planned in the free memory.
on kho-off
taken --initrd="$work/initrd"
# What is loaded is judged: below this limit is all of it.
taken --append=mem=0x3ffdffff
refused "which takes region r0" --append=mem=0x3d7fffff
# One every 128 MiB.
for place in 03 0b 13 1b 23 2b 33; do
	set -- "$@" "--kho-region=n$place=0x${place}000000,0x1000"
done
taken "$@"
truncate -s 140M "$work/initrd"
refused "no room for the next kernel's scratch areas" --initrd="$work/initrd" "$@"

# ---- a kernel that is not relocatable --------------------------------------------------------

# It runs at 16 MiB, or where else its header says, and with a handover not at all.
fixed() {
	code=0
	"$kexec" -c --dry-run --sysroot="$machine" "$work/fixed" > "$work/out" 2>&1 || code=$?
}
put() { printf '%b' "$2" | dd of="$work/fixed" bs=1 seek=$(($1)) conv=notrunc 2> /dev/null; }
cp "$data/target.bzImage" "$work/fixed"
put 0x234 '\0'
fixed
[ "$code" = 0 ] || fail "a kernel that is not relocatable: exit code $code"
grep -q "^segment  *kernel  *0x000001000000" "$work/out" || fail "it is elsewhere"
put 0x258 '\0\0\0\0020'
fixed
grep -q "^segment  *kernel  *0x000010000000" "$work/out" || fail "it is elsewhere"
for place in '\0\0\0\0\0001' '\0\0\0017\0\0'; do
	put 0x258 "$place"
	fixed
	[ "$code" = 1 ] || fail "where it must run, $place: exit code $code"
	says "are not free RAM: use one with CONFIG_RELOCATABLE"
done
put 0x258 '\0\0010\0\0001\0'
fixed
[ "$code" = 1 ] || fail "in the middle of a page: exit code $code"
says "in the middle of a page"
put 0x258 '\0\0\0\0020'
code=0
"$kexec" -c --dry-run --sysroot="$machine" --mem-max=0x1fffffff "$work/fixed" > "$work/out" 2>&1 || code=$?
[ "$code" = 1 ] || fail "--mem-max and a kernel that is not relocatable: exit code $code"
says "leave --mem-min and --mem-max out"
"$kexec" --kho --dry-run --sysroot="$machine" "$work/fixed" > "$work/out" 2>&1 && fail "not refused"
says "not relocatable, and a handover needs one"

# ---- a unified kernel image ----------------------------------------------------------------

# It brings an initrd of 14 bytes and a command line; those of the user count in their place.
uki=$srcdir/tests/fuzz/corpus/uki/whole
unified() {
	"$kexec" --kho --dry-run --sysroot="$machine" "$uki" "$@" > "$work/out" 2>&1 ||
		fail "a unified kernel image is not taken: $*"
}
unified
says "the command line in '$uki' is used: console=ttyS0  quiet"
says "the initrd in '$uki' is loaded"
grep -q "^segment  *initrd" "$work/out" || fail "no initrd"
truncate -s 1M "$work/initrd"
unified --append=single --initrd="$work/initrd"
says "'$work/initrd' is loaded in place of the initrd in '$uki'"
! grep -q "is used" "$work/out" || fail "two command lines"
unified --reuse-cmdline
! grep -q "is used" "$work/out" || fail "two command lines"
# ---- places --------------------------------------------------------------------------------

# Every segment lies where it was told to, and -d says where.
plain -d --mem-min=0x10000000 --mem-max=0x1fffffff
[ "$code" = 0 ] || fail "--mem-min and --mem-max: exit code $code"
grep -q "^segment .* 0x00001" "$work/out" || fail "no segment there"
! grep "^segment" "$work/out" | grep -qv " 0x00001[0-9a-f]*-0x00001" || fail "a segment elsewhere"
says "kexec: segment 0x00001"
says "kexec: memory  0x"
plain --mem-min=0x10000000 --mem-max=0x100fffff
[ "$code" != 0 ] || fail "a kernel in 1 MiB: not refused"
says "within --mem-min and --mem-max"
# Where the firmware's map is not shown, /proc/iomem has it.
mv "$machine/sys/firmware/memmap" "$work/memmap"
plain -d
[ "$code" = 0 ] || fail "without /sys/firmware/memmap: exit code $code"
says "memory is taken from /proc/iomem"
taken
mv "$work/memmap" "$machine/sys/firmware/memmap"

# ---- half of memory --------------------------------------------------------------------------

# Without a handover the image may lie anywhere; the kernel takes half of its memory.
echo "MemTotal: 131072 kB" > "$machine/proc/meminfo"
truncate -s 32M "$work/initrd"
plain --initrd="$work/initrd"
[ "$code" = 1 ] || [ "$code" = 255 ] || fail "half of memory and a kernel: not refused"
says "and the kernel loads at most half of its"
truncate -s 31M "$work/initrd"
plain --initrd="$work/initrd"
[ "$code" = 0 ] || fail "less than half of memory: exit code $code"
exit $failed
