# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# bash completion for kho-fdt(8) of kexec-kho.

_kho_fdt_verbs="show map check translate diff get preflight scratch"
_kho_fdt_file_options="--root= --form= --ram-base= --scratch= --sysroot= --help"

_kho_fdt_options() {	# of VERB
	case $1 in
	show | check) echo "$_kho_fdt_file_options --all --json" ;;
	map) echo "$_kho_fdt_file_options --svg= --json" ;;
	translate) echo "$_kho_fdt_file_options --to= --output= -o --base= --json" ;;
	diff) echo "$_kho_fdt_file_options --abi --all --json" ;;
	get) echo "$_kho_fdt_file_options --raw --output= -o" ;;
	preflight) echo "--sysroot= --json --help" ;;
	scratch) echo "--kernel= --initrd= --payload= --ram= --cpus= --nodes= --sysroot= --json --help" ;;
	esac
}

_kho_fdt_files() {	# _kho_fdt_files WORD MORE...
	local word=$1
	shift
	mapfile -t COMPREPLY < <(compgen -W "$*" -- "$word"; compgen -f -- "$word")
	compopt -o filenames
}

_kho_fdt_value() {	# _kho_fdt_value OPTION VALUE; 1: OPTION takes none
	case $1 in
	--form) mapfile -t COMPREPLY < <(compgen -W "512 page" -- "$2") ;;
	--to) _kho_fdt_files "$2" kho-v1 kho-v2 kho-v3 kho-v4 ;;
	--svg | --kernel | --initrd | --output | -o) _kho_fdt_files "$2" ;;
	--sysroot)
		mapfile -t COMPREPLY < <(compgen -d -- "$2")
		compopt -o filenames ;;
	--root | --ram-base | --scratch | --base | --payload | --ram | --cpus | --nodes) ;;
	*) return 1 ;;
	esac
}

# What can stand at operand number $2 of verb $1; $3: the word so far.
_kho_fdt_operand() {
	case $1:$2 in
	preflight:1) _kho_fdt_files "$3" running ;;
	preflight:2) _kho_fdt_files "$3" ;;
	get:1)
		mapfile -t COMPREPLY < <(compgen -W "$(kho-fdt show 2> /dev/null |
			sed -n 's/^node  *\([^,]*\),.*/\1/p')" -- "$3") ;;
	show:1 | map:1 | check:1 | translate:1 | diff:[12] | get:2)
		_kho_fdt_files "$3" live in ;;
	esac
}

_kho_fdt() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} line word verb i
	local operands=1
	COMPREPLY=()

	if [[ $COMP_CWORD -eq 1 ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$_kho_fdt_verbs --help --version" -- "$cur")
		return 0
	fi
	verb=${COMP_WORDS[1]}
	# Readline cuts words at '=': put "--opt", "=" and "value" together again.
	line=${COMP_LINE:0:COMP_POINT}
	word=${line##*[[:space:]]}
	if [[ $word = --*=* ]]; then
		_kho_fdt_value "${word%%=*}" "${word#*=}"
		return 0
	fi
	_kho_fdt_value "$prev" "$cur" && return 0
	if [[ $cur = -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_kho_fdt_options "$verb")" -- "$cur")
		[[ ${COMPREPLY[*]} = *= ]] && compopt -o nospace
		return 0
	fi
	# Words that are no option, and no value of one in front of them.
	for ((i = 2; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		=) ((i++)) ;;
		-o) ((i++)) ;;
		-*) ;;
		*) ((operands++)) ;;
		esac
	done
	_kho_fdt_operand "$verb" "$operands" "$cur"
}

complete -F _kho_fdt kho-fdt
