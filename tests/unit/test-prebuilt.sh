#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# "kexec --kho -s" on a captured machine (tests/data/machines), of which the kernel is made to
# say that it takes segments: which way a handover goes, what is refused, and what is saved.
set -eu

srcdir=${srcdir:-$(dirname "$0")/../..}
kexec=${KEXEC:-./kexec/kexec}
kho_fdt=${KHO_FDT:-./kho-fdt/kho-fdt}
data=$srcdir/tests/data
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
machine=$work/machine
shown=$machine/sys/kernel/kho
failed=0

fail() { echo "FAIL: $*"; cat "$work/out"; failed=1; }

# The order: STATUS of "kexec --kho OPTION ..." for the machine, and what it says.
try() {
	status=$1
	shift
	code=0
	"$kexec" --kho --sysroot="$machine" -l "$data/target.bzImage" --append=console=ttyS0 "$@" \
		> "$work/out" 2>&1 || code=$?
	[ "$code" = "$status" ] || fail "exit code $code, not $status: $*"
}
says() { grep -qF -- "$1" "$work/out" || fail "nothing says '$1'"; }
silent() { ! grep -qF -- "$1" "$work/out" || fail "something says '$1'"; }

features() { mkdir -p "$shown" && printf '%s\n' "$@" > "$shown/features"; }

# bytes_at ADDRESS SIZE: memory of the captured machine.
bytes_at() {
	offset=$(readelf -lW "$machine/proc/kcore" | awk -v at="$1" '
		function hex(text,   n, i) {
			n = 0
			for (i = 3; i <= length(text); i++)
				n = n * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
			return n
		}
		$1 == "LOAD" && hex($4) <= hex(at) && hex(at) < hex($4) + hex($6) {
			print hex($2) + hex(at) - hex($4)
			exit
		}')
	dd if="$machine/proc/kcore" bs=1 skip="$offset" count="$2" 2> /dev/null
}

mkdir "$machine"
tar -xzf "$data/machines/kho-on.tar.gz" -C "$machine"

# ---- a kernel that takes none ----------------------------------------------------------

try 1 -s --dry-run
says "cannot be loaded through kexec_file_load"
says "no /sys/kernel/kho/features"
try 0 -a --dry-run
silent "kexec_file_load"
try 1 -a --dry-run --kho-verify=r0:late
says "cannot be honoured"
try 1 --kho-save-segment="$work/none"
says "cannot save a segment"
[ ! -e "$work/none" ] || fail "a file was made"

# ---- one that does -----------------------------------------------------------------------

features "format 2" segment verify seal
for how in -s -a ""; do
	# shellcheck disable=SC2086 # an option or none
	try 0 $how --dry-run --kho-blob=notes="$data/make-target"
	says "by kexec_file_load"
	says "expected  kernel"
	says "segment   handover"
done
try 0 -c --dry-run
silent "kexec_file_load"
says "entry     purgatory"

try 0 --dry-run --kho-verify=r0:late
says "late      r0"
try 0 --dry-run --kho-verify=r0:seal
says "late      r0"
try 0 --dry-run --kho-verify=all:late
says "late      r0"
try 1 --dry-run --kho-verify=r0:sealed
says "needs :load or :late"
try 1 --dry-run --kho-verify=r0:late,r0
says "is given twice"
try 1 -c --dry-run --kho-verify=r0:late
says "works with kexec_file_load only"
try 1 -s --dry-run --noefi
says "--noefi works with kexec_load only"
try 0 -a --dry-run --noefi
says "loading through kexec_load: --noefi"
try 1 -i --dry-run --kho-verify=r0:late
says "contradict"
try 0 -i --dry-run
says "by kexec_file_load"

# Another ABI is ours to translate, and so goes through kexec_load.
code=0
for kernel in target-7.1 target-6.18; do
	"$kexec" --kho -s --dry-run --sysroot="$machine" -l "$data/$kernel.bzImage" > "$work/out" 2>&1 &&
		fail "$kernel: not refused"
	says "another ABI"
	"$kexec" --kho --dry-run --sysroot="$machine" -l "$data/$kernel.bzImage" > "$work/out" 2>&1 ||
		fail "$kernel: refused"
	says "loading through kexec_load"
done
gzip -c "$data/target.bzImage" > "$work/packed"
"$kexec" --kho -s --dry-run --sysroot="$machine" -l "$work/packed" > "$work/out" 2>&1 || fail "packed"
says "by kexec_file_load"

features "format 2" segment verify
try 1 -s --dry-run --kho-verify=r0:late
says "takes no digests at the end"
features "format 2" segment
try 1 -s --dry-run
says "use --no-checks"
features "format 9" segment verify seal
try 1 -s --dry-run
says "another format"
features "format 2" segment verify seal

# ---- saved, and read back -----------------------------------------------------------------

try 0 --kho-save-segment="$work/segment" --kho-verify=r0:late --kho-blob=notes="$data/make-target"
says "console=ttyS0 kho=on reserve_mem=0x1000000:0x1000:r0"
[ "$(stat -c %a "$work/segment")" = 600 ] || fail "mode $(stat -c %a "$work/segment")"
[ "$(head -c 12 "$work/segment" | tail -c 4 | od -An -tx4 | tr -d ' ')" = 6b686f01 ] || fail "no payload"

# Nothing that it says can be said again, and nothing of it can be left out.
for option in --kho-verify=r0 --kho-blob=x=/dev/null --kho-region=x=0x1000000,4096 --kho-carry -i; do
	try 1 --kho-segment="$work/segment" "$option"
	says "the segment already says"
done
try 1 --kho-segment="$work/segment" -c
says "leave -c out"
try 1 --kho-segment="$work/segment" --kho-save-segment=x
says "one of them"
try 1 --kho-segment="$work/segment" --dry-run
says "--dry-run works without"
try 1 --kho-save-segment="$work/x" -e
"$kexec" --kho-segment="$work/segment" -l "$data/target.bzImage" > "$work/out" 2>&1 && fail "without --kho"
says "need --kho"
try 1 --kho-segment="$work/segment"
says "--sysroot works with"

# Lockdown closes neither looking nor saving.
mkdir -p "$machine/sys/kernel/security"
echo "none [integrity] confidentiality" > "$machine/sys/kernel/security/lockdown"
try 0 --dry-run
try 0 --kho-save-segment="$work/again" --kho-verify=r0:late --kho-blob=notes="$data/make-target"
cmp "$work/segment" "$work/again" || fail "another segment"
rm "$machine/sys/kernel/security/lockdown"

# ---- what the kernel shows, in the place of kallsyms ------------------------------------------

try 0 --dry-run
cp "$work/out" "$work/plan"
fdt=$("$kho_fdt" show --sysroot="$machine" live 2> /dev/null | sed -n 's/^root FDT  *\(0x[0-9a-f]*\),.*/\1/p')
mkdir "$shown/out"
echo "$fdt" > "$shown/out/fdt_addr"
bytes_at "$fdt" 4096 > "$shown/out/fdt"
sed -n 's/^scratch .* 0x\([0-9a-f]*\)-0x[0-9a-f]* *\([0-9]*\) bytes/\1 \2/p; s/^scratch .* empty/0 0/p' \
	"$work/plan" | while read -r at size; do printf '0x%s 0x%x\n' "$at" "$size"; done \
	> "$shown/out/scratch"
: > "$machine/proc/kallsyms"
try 0 --dry-run
diff -u "$work/plan" "$work/out" || fail "another plan"
# Without memory there is no map, and the rest is shown all the same.
rm "$machine/proc/kcore"
"$kho_fdt" show --sysroot="$machine" live > "$work/out" 2>&1 || true
says "root FDT     $fdt"
says "the map is not read"
exit $failed
