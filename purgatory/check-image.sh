#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# usage: check-image.sh READELF OBJDUMP ELF
#
# Refuse a purgatory that would not run as a flat image: the linker script
# asserts most of this, but not every linker obeys it.
LC_ALL=C
export LC_ALL
readelf=$1 objdump=$2 elf=$3

fail()
{
	echo "$elf: $*" >&2
	exit 1
}

relocs=$($readelf -rW "$elf") || exit 1
case $relocs in
*"no relocations"* | "")	;;
*)	fail "has relocations: $relocs" ;;
esac

symbols=$($readelf -sW "$elf") || exit 1
undefined=$(echo "$symbols" | awk '$7 == "UND" && NF > 7 { print $8 }')
[ -z "$undefined" ] || fail "has undefined symbols: $undefined"

# Name, type, address, offset, size, entry size, flags.
sections=$($readelf -SW "$elf" | sed 's/^ *\[ *[0-9]*\] *//') || exit 1
writable=$(echo "$sections" | awk '
	length($3) == 16 && $2 != "NOBITS" && $5 !~ /^0+$/ && $7 ~ /W/ {
		print $1
	}')
[ -z "$writable" ] || fail "has writable sections: $writable"

$readelf -hW "$elf" | grep -q 'Entry point address: *0x0$' || fail "the entry is not at 0"

# CR4.OSFXSR is off and the FPU is not set up.
code=$($objdump -d --no-show-raw-insn "$elf") || fail "cannot be disassembled with $objdump"
echo "$code" | grep -q 'purgatory_main>:' || fail "$objdump shows no code"
vector=$(echo "$code" | grep -E '%([xyz]?mm[0-9]|st\b|k[0-7])' | head -n 3)
[ -z "$vector" ] || fail "uses vector or x87 registers: $vector"
