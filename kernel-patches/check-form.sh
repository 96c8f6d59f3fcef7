# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Of check: what can be said of the patches without a compiler. Uses $series, $name,
# $patches, $scratch and $logs.
# shellcheck disable=SC2154 # these

# sizes PATCH: "ADDED REMOVED FILES". In a folder of a repository, git would count only
# what is below it.
sizes() {
	git -C / apply --numstat "$1" |
		awk '{ added += $1; removed += $2 } END { print added + 0, removed + 0, NR }'
}

# subject PATCH: of the mail, on one line, without "[PATCH 3/9] ".
subject() {
	sed -n '/^Subject: /,/^[^ ]*:\? *$/{/^Subject: /{s///;h;d};/^ /!{x;s/\n//g;p;q};H}' "$1" |
		sed 's/^\[PATCH[^]]*\] *//'
}

# The table of the series in Markdown.
size_table() {
	local patch added removed files sum_added=0 sum_removed=0
	echo "| patch | | + | - | files |"
	echo "|---|---|---:|---:|---:|"
	for patch in "${patches[@]}"; do
		read -r added removed files <<< "$(sizes "$patch")"
		sum_added=$((sum_added + added)) sum_removed=$((sum_removed + removed))
		echo "| $(number "$patch") | $(subject "$patch") | $added | $removed | $files |"
	done
	echo "| | ${#patches[@]} patches | $sum_added | $sum_removed |" \
		"$(touched_files "${patches[@]}" | wc -l) |"
}

# The table between the marks of README.md, next to the series, is up to date.
readme_is_current() {
	sed -n "/^<!-- sizes $name -->/,/^<!-- end -->/p" "$series/../README.md" | sed '1d;$d' |
		diff - <(size_table)
}

check_readme() {
	run README readme_is_current || true
}

# Patches that add files are asked whether MAINTAINERS is to change, also where it has
# their folder; that is for the author to know.
# checkpatch SOURCE-TREE PATCH
checkpatch() {
	(cd "$(dirname "$2")" &&
		"$1/scripts/checkpatch.pl" --root="$1" --strict --no-summary --terse \
			--ignore FILE_PATH_CHANGES "${2##*/}")
}

# take_patch FOLDER PATCH
take_patch() {
	git -C "$1" am --keep-non-patch "$2"
}

# has_shared_files: whether the series brings the kernel's form of our files.
has_shared_files() {
	touched_files "${patches[@]}" | grep -x include/uapi/linux/kho_segment.h > /dev/null
}

# check_form SOURCE-TREE: in a repository of only the files that the series touches.
check_form() {
	local patch source=$1 work=$scratch/form
	touched_files "${patches[@]}" > "$scratch/files"
	mapfile -t files < "$scratch/files"
	mkdir "$work"
	copy_files "$source" "$work" < "$scratch/files"
	new_repository "$work" "${files[@]}"
	for patch in "${patches[@]}"; do
		check_am "$work" "$patch"
		failure_lines='ERROR|WARNING|CHECK' run "$(number "$patch")-checkpatch" \
			checkpatch "$source" "$patch" || true
	done
	! has_shared_files || run kernel-form "$here/kernel-form" --check "$work" || true
}

# check_am FOLDER PATCH: the sizes go with its line.
check_am() {
	local log status=0 added removed files
	log=$logs/$(number "$2")-am.log
	take_patch "$1" "$2" > "$log" 2>&1 || { status=1; git -C "$1" am --abort; }
	read -r added removed files <<< "$(sizes "$2")"
	failure_lines=error: verdict "$(number "$2")-am" "$status" "$log" "+$added -$removed in $files files"
}
