# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the programs of this folder share: lists of a series, and git kept to itself.

# A repository around the sources, or the user's settings, must not change what git does.
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 LC_ALL=C
export GIT_COMMITTER_NAME=kexec-kho GIT_COMMITTER_EMAIL=kexec-kho@localhost

# series_patches FOLDER: the patches of a series, in order, without its cover letter.
series_patches() {
	local file found=
	[ -d "$1" ] || die "there is no folder $1"
	for file in "$1"/[0-9][0-9][0-9][0-9]-*.patch; do
		case ${file##*/} in
		0000-* | '[0-9]'*) ;;
		*)
			realpath "$file"
			found=1 ;;
		esac
	done
	[ -n "$found" ] || die "no patches in $1"
}

# touched_files PATCH ...: the files they change, make or delete.
touched_files() {
	sed -n 's/^diff --git a\/\([^ ]*\) b\/\([^ ]*\)$/\1\n\2/p' "$@" | sort -u
}

# copy_files FROM TO: the files listed on standard input, those that exist.
copy_files() {
	local file
	while read -r file; do
		[ -e "$1/$file" ] || continue
		mkdir -p "$(dirname "$2/$file")"
		cp --remove-destination --preserve=mode "$1/$file" "$2/$file"
	done
}

# link_tree FROM TO FILE ...: a copy of sources in seconds, its files hard links where
# that can be, for builds which write elsewhere and programs which replace files: those
# named are copies.
link_tree() {
	local from=$1 to=$2
	shift 2
	mkdir "$to"
	cp -al "$from/." "$to/" 2> /dev/null || cp -a --remove-destination --reflink=auto "$from/." "$to/"
	[ $# -eq 0 ] || printf '%s\n' "$@" | copy_files "$from" "$to"
}

# source_tree FOLDER: die unless it holds kernel sources.
source_tree() {
	[ -e "$1/Kbuild" ] || die "$1 holds no kernel sources"
}

# new_scratch PARENT: print the path of a new folder, for own_scratch.
new_scratch() {
	realpath "$(mktemp -d -p "$1")"
}

# own_scratch FOLDER: it goes away when the program ends; git looks for no repository
# above it.
own_scratch() {
	owned=$1
	export GIT_CEILING_DIRECTORIES=$owned
	trap 'rm -rf "$owned"' EXIT
}

# new_repository FOLDER FILE ...: make a repository that tracks only these files of
# FOLDER, those that exist. "git am" needs no others, and the rest of the kernel would
# take minutes.
new_repository() {
	local folder=$1 file
	shift
	git -C "$folder" init -q
	for file; do [ ! -e "$folder/$file" ] || echo "$file"; done > "$folder/.git/tracked"
	git -C "$folder" add -f --pathspec-from-file="$folder/.git/tracked"
	git -C "$folder" commit -q --allow-empty --author='base <base@localhost>' -m base
	git -C "$folder" tag base
}
