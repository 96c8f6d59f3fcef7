# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# bash completion for kexec(8) of kexec-kho.

# Complete the part after the last comma of a list; $1: the list so far, $2: words.
_kexec_list() {
	local before=
	[[ $1 = *,* ]] && before=${1%,*},
	mapfile -t COMPREPLY < <(compgen -P "$before" -W "$2" -- "${1##*,}")
	compopt -o nospace
}

# The file after NAME= in NAME=FILE; the name is the user's choice.
_kexec_named_file() {
	compopt -o nospace
	[[ $1 = *=* ]] || return 0
	mapfile -t COMPREPLY < <(compgen -f -- "${1#*=}")
	compopt -o filenames
}

# Names of items that were handed to this kernel: region, blob or node.
_kexec_handed_over() {
	kexec --kho-status 2> /dev/null | sed -n "s/^$1  *\([^ ]*\) .*/\1/p"
}

# Names that the running kernel's command line reserves.
_kexec_reserved() {
	local word
	# shellcheck disable=SC2013 # words of the command line, not lines
	for word in $(cat /proc/cmdline 2> /dev/null); do
		word=${word//\"/}
		[[ $word = reserve[-_]mem=*:*:* ]] && echo "${word##*:}"
	done
}

# Options that are understood only to be refused are left out.
_kexec_options() {
	echo "--help --version --debug --load --load-panic --exec --force --unload --status --type= \
		--print-ckr-size --hotplug --pass-memmap-cmdline --elf64-core-headers \
		--initrd= --ramdisk= --append= --command-line= --reuse-cmdline --reuseinitrd --noefi \
		--mem-min= --mem-max= --serial= --console-serial --console-vga --no-cma --force-dtb \
		--args-linux --reuse-video-type --entry-32bit --module= \
		--kexec-syscall --kexec-file-syscall --kexec-syscall-auto --no-checks --no-ifdown \
		--no-sync --dry-run --sysroot= --json --kho --kho-region= --kho-blob= --kho-carry \
		--kho-carry= --kho-verify= --kho-segment= --kho-save-segment= --kho-get= --kho-status \
		-h -v -d -l -p -e -f -u -S -t -c -s -a -i -x -y"
}

_kexec_value() {	# _kexec_value OPTION VALUE; 1: OPTION takes none
	case $1 in
	--initrd | --ramdisk | --module | --kho-segment | --kho-save-segment)
		mapfile -t COMPREPLY < <(compgen -f -- "$2")
		compopt -o filenames ;;
	--sysroot)
		mapfile -t COMPREPLY < <(compgen -d -- "$2")
		compopt -o filenames ;;
	--type | -t)
		mapfile -t COMPREPLY < <(compgen -W "bzImage elf-x86_64 multiboot2-x86 uki vmlinux" -- "$2") ;;
	--serial)
		mapfile -t COMPREPLY < <(compgen -W "ttyS0 ttyS1 ttyS2 ttyS3" -- "$2") ;;
	--kho-blob)
		_kexec_named_file "$2" ;;
	--kho-carry)
		_kexec_list "$2" "$(_kexec_handed_over blob)" ;;
	--kho-verify)
		# Readline cuts words at ':' as well.
		if [[ ${2##*,} = *:* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "late load seal" -- "${2##*:}")
			return 0
		fi
		_kexec_list "$2" "all all:late all:load $(_kexec_reserved | sed 'p; s/$/:late/')" ;;
	--kho-get)
		mapfile -t COMPREPLY < <(compgen -W "$(_kexec_handed_over blob)" -- "$2") ;;
	--append | --command-line | --kho-region)
		compopt -o nospace ;;
	*)
		return 1 ;;
	esac
}

_kexec() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} line word option=
	COMPREPLY=()

	# Readline cuts words at '=': put "--opt", "=" and "value" together again.
	line=${COMP_LINE:0:COMP_POINT}
	word=${line##*[[:space:]]}
	if [[ $word = --*=* ]]; then
		option=${word%%=*}
		_kexec_value "$option" "${word#*=}"
		return 0
	fi
	# "--kho-carry NAME" would be a kernel: its value needs the '='.
	if [[ $prev != --kho-carry ]] && _kexec_value "$prev" "$cur"; then
		return 0
	fi
	if [[ $cur = -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_kexec_options)" -- "$cur")
		[[ ${COMPREPLY[*]} = *= ]] && compopt -o nospace
		return 0
	fi
	mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	compopt -o filenames
}

complete -F _kexec kexec
