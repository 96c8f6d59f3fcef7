#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Every verb of kho-fdt on the dumps and machines of tests/data: what it prints, and
# its exit status, are those that were reviewed (tests/data/kho-fdt).
# "test-kho-fdt.sh --accept" writes them again.
set -eu

srcdir=$(cd "${srcdir:-$(dirname "$0")/../..}" && pwd)
tool=${KHO_FDT:-$PWD/kho-fdt/kho-fdt}
data=$srcdir/tests/data
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
accept=${1-}
status=0
# Messages that are the C library's.
LC_ALL=C
export LC_ALL
unset COLUMNS

# Files are named relative to tests/data, and what is written is below @work@.
cd "$data"

# expect NAME ARG...: run the tool, compare with NAME.
expect() {
	name=$1
	shift
	code=0
	"$tool" "$@" > "$work/out" 2> "$work/messages" < /dev/null || code=$?
	{ cat "$work/out" "$work/messages"; echo "exit status $code"; } |
		sed "s|$work|@work@|g" > "$work/$name"
	if [ "$accept" = --accept ]; then
		cp "$work/$name" "kho-fdt/$name"
	elif ! diff -u "kho-fdt/$name" "$work/$name"; then
		echo "$name: kho-fdt $*: not what was reviewed"
		status=1
	fi
}

# same WHAT FILE FILE
same() {
	if ! cmp "$2" "$3"; then
		echo "$1"
		status=1
	fi
}

for machine in kho-6.18 kho-6.19 kho-on kho-warm kho-off numa; do
	mkdir "$work/$machine"
	tar -xzf "machines/$machine.tar.gz" -C "$work/$machine"
done

for dump in kho-v1-512 kho-v3 kho-v4; do
	expect "show-$dump" show "dumps/$dump.elf"
	expect "check-$dump" check --all "dumps/$dump.elf"
done
expect show-json show --json dumps/kho-v4.elf
expect show-form show --form=512 dumps/kho-v1-page.elf
expect show-page show --all dumps/kho-v1-page.elf
expect show-root show --root=0x1000000 --scratch=512M,64M dumps/kho-v4.elf
expect show-nothing show --root=0x2000000 dumps/kho-v4.elf
expect show-live show --sysroot="$work/kho-on"
expect show-off show --sysroot="$work/kho-off" live
expect show-in show --sysroot="$work/kho-warm" in
expect show-no-in show --sysroot="$work/kho-on" in
expect show-sparse show "$work/kho-warm/proc/kcore"

expect check-json check --json dumps/kho-v3.elf
expect check-live check --sysroot="$work/numa"
# 6.18 does not tell where its root FDT is, 6.19 hands live update state over.
for kernel in 6.18 6.19; do
	expect "show-live-$kernel" show --sysroot="$work/kho-$kernel"
	expect "check-live-$kernel" check --sysroot="$work/kho-$kernel"
	expect "preflight-live-$kernel" preflight --sysroot="$work/kho-$kernel" running target.bzImage
done
# Nodes below nodes, which no release writes.
expect show-nested show dumps/nested-kho-v4.elf
expect show-nested-json show --json dumps/nested-kho-v4.elf
expect check-nested check dumps/nested-kho-v4.elf
expect map-nested map dumps/nested-kho-v4.elf
expect diff-nested diff dumps/kho-v4.elf dumps/nested-kho-v4.elf
expect translate-nested translate --to=kho-v4 -o "$work/nested.elf" dumps/nested-kho-v4.elf
expect diff-nested-same diff dumps/nested-kho-v4.elf "$work/nested.elf"
expect show-nested-again show "$work/nested.elf"
expect translate-nested-refused translate --to=kho-v3 dumps/nested-kho-v4.elf
expect get-nested get --raw LUO/2 dumps/nested-kho-v4.elf
# The region "log" lies in this scratch area.
expect check-scratch check --scratch=0x3d200000,2M dumps/kho-v4.elf

expect map map dumps/kho-v4.elf
expect map-live map --sysroot="$work/numa"
expect map-json map --json dumps/kho-v3.elf
expect map-svg map --svg=- dumps/kho-v1-512.elf

expect diff-same diff dumps/kho-v3.elf dumps/kho-v3.elf
expect diff diff dumps/kho-v3.elf dumps/kho-v4.elf
expect diff-json diff --json dumps/kho-v3.elf dumps/kho-v4.elf

for to in kho-v1 kho-v2 kho-v4; do
	expect "translate-$to" translate --to=$to -o "$work/$to.elf" dumps/kho-v3.elf
	expect "translate-$to-diff" diff dumps/kho-v3.elf "$work/$to.elf"
	expect "translate-$to-check" check "$work/$to.elf"
done
expect diff-abi diff --abi dumps/kho-v3.elf "$work/kho-v4.elf"
expect translate-luo translate --to=kho-v3 -o "$work/luo.elf" dumps/kho-v4.elf
expect translate-luo-show show "$work/luo.elf"
expect translate-refused translate --to=kho-v1 dumps/kho-v4.elf
expect translate-image translate --json --to=target-6.18.bzImage dumps/kho-v3.elf
expect translate-no-kho translate --to=target-none.bzImage dumps/kho-v3.elf
expect translate-base translate --to=kho-v4 --base=0x3c000000 dumps/kho-v3.elf

# What real kernels have written.
for kernel in 6.18 6.19 7.1 7.3; do
	expect "vector-$kernel-show" show "vectors/$kernel.elf"
	expect "vector-$kernel-check" check "vectors/$kernel.elf"
done
expect vector-6.18-translate translate --to=kho-v4 -o "$work/6.18.elf" vectors/6.18.elf
expect vector-6.18-diff diff vectors/6.18.elf "$work/6.18.elf"
expect vector-7.1-translate translate --to=kho-v4 -o "$work/7.1.elf" vectors/7.1.elf
expect vector-7.1-diff diff vectors/7.1.elf "$work/7.1.elf"
expect vector-7.3-translate translate --to=kho-v3 -o "$work/7.3.elf" vectors/7.3.elf
expect vector-7.3-diff diff vectors/7.3.elf "$work/7.3.elf"
expect vector-7.3-refused translate --to=kho-v1 vectors/7.3.elf

expect get-none get nothing dumps/kho-v4.elf
"$tool" get state dumps/kho-v3.elf > "$work/state"
"$tool" get state -o "$work/unwrapped" "$work/kho-v1.elf"
same "get: the blob is not the same after its translation" "$work/state" "$work/unwrapped"
"$tool" get state --raw "$work/kho-v1.elf" > "$work/wrapped"
"$tool" get state dumps/kho-v1-512.elf > "$work/from-v1"
same "get: the blobs of two dumps differ" "$work/state" "$work/from-v1"
if cmp -s "$work/state" "$work/wrapped"; then
	echo "get --raw: the blob is not wrapped"
	status=1
fi
# A root FDT alone.
dd if=dumps/kho-v4.elf bs=1 skip="$(LC_ALL=C grep -abo 'kho-v4' dumps/kho-v4.elf |
	head -n 1 | cut -d: -f1 | { read -r at; echo $((at - 76)); })" count=461 2> /dev/null \
	> "$work/root.dtb"
expect show-bare show "$work/root.dtb"
expect check-bare check "$work/root.dtb"
expect map-bare map "$work/root.dtb"

for from in 6.18 7.1 none; do
	for to in 6.18 7.1 none; do
		expect "preflight-$from-$to" preflight target-$from.bzImage target-$to.bzImage
	done
done
expect preflight-7.4 preflight target.bzImage target-7.4.bzImage
expect preflight-json preflight --json target-7.1.bzImage target.bzImage
expect preflight-running preflight --sysroot="$work/kho-on" running target.bzImage
expect preflight-running-off preflight --sysroot="$work/kho-off" running target-6.18.bzImage
expect preflight-running-v1 preflight --sysroot="$work/kho-on" running target-6.18.bzImage

expect scratch scratch --kernel=target.bzImage --initrd=target.bzImage --payload=100M \
	--sysroot="$work/numa"
# 7.4 calls scratch bootmem. Of other machines the kernel given tells, if it does.
cp -r "$work/kho-on" "$work/kho-7.4"
sed -i 's/kho_scratch/kho_bootmem/' "$work/kho-7.4/proc/kallsyms"
expect show-live-7.4 show --sysroot="$work/kho-7.4"
same "show: another name of scratch makes a difference" "$work/show-live" "$work/show-live-7.4"
expect scratch-live-7.4 scratch --kernel=target.bzImage --sysroot="$work/kho-7.4"
expect scratch-7.4 scratch --kernel=target-7.4.bzImage --ram=64G
expect scratch-json scratch --json --kernel=target-none.bzImage --ram=64G --cpus=32 --nodes=2

# A session is the file of a process, and not yet in memory.
mkdir -p "$work/kho-6.19/proc/77/task/77/fd"
expect translate-live translate --sysroot="$work/kho-6.19" --to=kho-v3 live
ln -s 'anon_inode:[luo_session] alpha' "$work/kho-6.19/proc/77/task/77/fd/5"
expect translate-session translate --sysroot="$work/kho-6.19" --to=kho-v3 live

# Initrd and handover go above 4 GiB, unless the kernel cannot be given them there.
expect scratch-high scratch --kernel=target.bzImage --payload=8G --ram=64G
cp target.bzImage "$work/low.bzImage"
printf '\001' | dd of="$work/low.bzImage" bs=1 seek=566 conv=notrunc 2> /dev/null
expect scratch-low scratch --kernel="$work/low.bzImage" --payload=1G --ram=64G
expect scratch-low-refused scratch --kernel="$work/low.bzImage" --payload=8G --ram=64G
expect scratch-refused scratch --kernel=target.bzImage --payload=8G --ram=8G
# Refused by name: a dump is read here and there, and not only once from its start.
mkfifo "$work/pipe"
cat dumps/kho-v4.elf > "$work/pipe" 2> /dev/null &
expect show-pipe show "$work/pipe"
# A kernel loads at most half of its memory, however large its scratch.
expect scratch-half scratch --kernel=target.bzImage --payload=300M --ram=512M

expect usage
expect usage-verb paint
expect usage-option show --colour
expect usage-operands diff dumps/kho-v3.elf
expect usage-live show --root=4096 live
expect usage-form show --form=page --sysroot="$work/kho-on"
expect usage-to translate dumps/kho-v3.elf
expect usage-output translate --to=kho-v4 -o dumps/../dumps/kho-v3.elf dumps/kho-v3.elf
cp dumps/kho-v3.elf "$work/precious.elf"
expect usage-svg-source map --svg="$work/precious.elf" "$work/precious.elf"
expect usage-svg-file map --svg "$work/precious.elf" dumps/kho-v3.elf
expect usage-get-source get -o "$work/precious.elf" memblock "$work/precious.elf"
same "a dump named as output" "$work/precious.elf" dumps/kho-v3.elf
# Half of a node is no node, and no file is left for it.
for verb in "get --raw state -o" "translate --to=kho-v4 -o" "map --svg"; do
	code=0
	# shellcheck disable=SC2086 # a verb and its options
	(trap '' XFSZ; ulimit -f 4; exec "$tool" $verb "$work/part" dumps/kho-v3.elf) \
		> "$work/out" 2> "$work/messages" || code=$?
	[ "$code" = 255 ] || { echo "$verb: exit status $code"; status=1; }
	grep -q "cannot write.*File too large" "$work/messages" ||
		{ echo "$verb: $(cat "$work/messages")"; status=1; }
	[ ! -e "$work/part" ] || { echo "$verb: a part is left"; status=1; }
done
expect usage-svg map --svg=x --json dumps/kho-v3.elf
expect usage-number scratch --kernel=target.bzImage --ram=lots
expect usage-kernel scratch
expect not-a-dump show make-dump
expect not-there show dumps/none.elf
expect a-kernel show target.bzImage
for verb in show map check translate diff get preflight scratch; do
	expect "help-$verb" $verb --help
done

# What was handed over by each kernel, rewritten, is a whole handover again.
for vector in vectors/*.elf; do
	for abi in kho-v3 kho-v4; do
		if ! "$tool" translate --to=$abi -o "$work/again.elf" "$vector" > "$work/out" 2>&1 ||
		   ! "$tool" check "$work/again.elf" >> "$work/out" 2>&1; then
			cat "$work/out"
			echo "$vector: translated to $abi it is broken"
			status=1
		fi
	done
done
exit $status
