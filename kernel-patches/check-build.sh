# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Of check: every patch leaves sources that compile, for x86 and for arm64, and the
# series brings no warnings. Uses $patches, $scratch, $logs, $files and $cache.
# shellcheck disable=SC2154 # these

config=$here/../tests/vm/config

# The options that the objects of an architecture are compiled with.
fragments_of() {
	case $1 in
	x86) echo "$config"/{base,since-*,more,variant-patched,variant-signed}.config ;;
	arm64) echo "$config"/{arm64,since-*}.config ;;
	esac
}

# kmake ARCH [ARG ...]: make in that architecture's object folder.
kmake() {
	local arch=$1 cross=
	shift
	[ "$arch" = x86 ] || cross=aarch64-linux-gnu-
	CCACHE_DIR=$cache/ccache make -C "$scratch/tree" -s -j"$(nproc)" O="$scratch/$arch" \
		ARCH="$arch" CROSS_COMPILE="$cross" CC="ccache ${cross}gcc" \
		KBUILD_BUILD_TIMESTAMP=1970-01-01 "$@"
}

# configure ARCH: again after a patch that adds to Kconfig. Called in a condition, where
# "set -e" does not count.
configure() {
	local fragments
	read -r -a fragments <<< "$(fragments_of "$1")"
	mkdir -p "$scratch/$1"
	kmake "$1" allnoconfig &&
	(cd "$scratch/$1" &&
		"$scratch/tree/scripts/kconfig/merge_config.sh" -m .config "${fragments[@]}" > merge.log) &&
	kmake "$1" olddefconfig
}

# built_on ARCH FILE: whether the configuration of ARCH has a place for it.
built_on() {
	case $1:$2 in
	*:tools/* | *:Documentation/* | *:samples/*) return 1 ;;
	x86:arch/x86/* | arm64:arch/arm64/*) ;;
	*:arch/* | x86:drivers/of/*) return 1 ;;
	esac
}

# object FILE: the target that compiles it. Purgatory is a program of its own.
object() {
	case $1 in
	arch/x86/purgatory/*) echo arch/x86/purgatory/ ;;
	kernel/liveupdate/*.c | drivers/of/*.c) dirname "$1" | sed 's/$/\//' ;;
	*.c) echo "${1%.c}.o" ;;
	*.S) echo "${1%.S}.o" ;;
	esac
}

# targets ARCH: for the touched files that exist now, and what a handover is made of.
targets() {
	local file
	for file in kernel/kexec_file.c kernel/liveupdate/luo_core.c drivers/of/kexec.c "${files[@]}"; do
		! built_on "$1" "$file" || [ ! -e "$scratch/tree/$file" ] || object "$file"
	done | sort -u
}

# compile ARCH [ARG ...]
compile() {
	local list
	list=$(targets "$1" | tr '\n' ' ')
	# shellcheck disable=SC2086 # names of objects
	[ -z "$list" ] || kmake "$@" $list
}

# warnings ARCH FILE: what gcc (W=1) and sparse (C=2) say of the touched files, without
# line numbers. The other flags make sure that all of them are compiled.
warnings() {
	local arch=$1
	compile "$arch" W=1 C=2 CHECK="$sparse" > "$2.raw" 2>&1 || { cat "$2.raw"; return 1; }
	# make only warns of this, and leaves sparse out.
	! grep 'not available or not up to date' "$2.raw" || return 1
	printf '%s\n' "${files[@]}" > "$scratch/names"
	sed 's/^\.\.\///; s/^.*\/tree\///' "$2.raw" | grep -E ': (warning|error): ' |
		grep -F -f "$scratch/names" | sed -E 's/:[0-9]+(:[0-9]+)?:/:/g' | sort -u > "$2" || true
}

# all_configured ARCH: an option that Kconfig dropped would leave code out.
all_configured() {
	local fragments line status=0
	read -r -a fragments <<< "$(fragments_of "$1")"
	while read -r line; do
		grep -qxF "$line" "$scratch/$1/.config" || { echo "dropped by Kconfig: $line"; status=1; }
	done < <(grep -h '^CONFIG_.*=[^n]' "${fragments[@]}")
	return "$status"
}

# no_new_warnings ARCH: of the whole series.
no_new_warnings() {
	all_configured "$1" || return 1
	warnings "$1" "$logs/$1-after" || return 1
	comm -13 "$logs/$1-before" "$logs/$1-after" > "$logs/$1-new"
	cat "$logs/$1-new"
	[ ! -s "$logs/$1-new" ]
}

# compile_without_kho ARCH: last, because it leaves another configuration.
compile_without_kho() {
	"$scratch/tree/scripts/config" --file "$scratch/$1/.config" -d KEXEC_HANDOVER -d LIVEUPDATE &&
	kmake "$1" olddefconfig &&
	! grep '^CONFIG_KEXEC_HANDOVER=' "$scratch/$1/.config" &&
	compile "$1" KCFLAGS=-Werror
}

# prepare_arch ARCH: objects of the sources without the series, and their warnings.
prepare_arch() {
	configure "$1" && warnings "$1" "$logs/$1-before"
}

# prepare_build SOURCE-TREE: all of it, as the compiler needs it.
prepare_build() {
	local arch source=$1
	sparse=$("$here/../tests/vm/sparse" "$source") || die "there is no sparse to check with"
	link_tree "$source" "$scratch/tree" "${files[@]}"
	rm -rf "$scratch/tree/.git"
	new_repository "$scratch/tree" "${files[@]}"
	for arch in x86 arm64; do
		prepare_arch "$arch" > "$logs/base-$arch.log" 2>&1 || {
			tail -n 20 "$logs/base-$arch.log" >&2
			die "the sources without the series do not build for $arch"
		}
	done
}

# changes_kconfig PATCH
changes_kconfig() {
	touched_files "$1" | grep Kconfig > /dev/null
}

# compile_patch ARCH PATCH: the sources as they are after PATCH.
compile_patch() {
	! changes_kconfig "$2" || configure "$1" || return 1
	compile "$1"
}

# check_build SOURCE-TREE
check_build() {
	local patch arch
	prepare_build "$1"
	for patch in "${patches[@]}"; do
		take_patch "$scratch/tree" "$patch" > "$logs/am.log" 2>&1 ||
			git -C "$scratch/tree" am --abort
		for arch in x86 arm64; do
			failure_lines=': (fatal )?error: |\*\*\*|undefined' \
				run "$(number "$patch")-$arch" compile_patch "$arch" "$patch" || true
		done
	done
	for arch in x86 arm64; do
		failure_lines=: run "$arch-new-warnings" no_new_warnings "$arch" || true
		run "$arch-without-kho" compile_without_kho "$arch" || true
	done
}
