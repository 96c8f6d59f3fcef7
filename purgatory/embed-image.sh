#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# usage: embed-image.sh READELF ELF FLAT >purgatory-image.c
LC_ALL=C
export LC_ALL
readelf=$1 elf=$2 flat=$3

memory=$($readelf -sW "$elf" | awk '$8 == "purgatory_memory_end" { print $2 }')
if [ -z "$memory" ] || [ ! -s "$flat" ]; then
	echo "$elf: no purgatory_memory_end, or no $flat" >&2
	exit 1
fi

echo '/* Generated from the flat purgatory by embed-image.sh. */'
echo '#include "purgatory.h"'
echo
echo 'const unsigned char purgatory_image[] = {'
od -An -v -tx1 "$flat" | sed 's/ *\([0-9a-f][0-9a-f]\)/0x\1,/g'
echo '};'
echo
echo 'const size_t purgatory_image_size = sizeof(purgatory_image);'
echo "const size_t purgatory_memory_size = 0x$memory;"
