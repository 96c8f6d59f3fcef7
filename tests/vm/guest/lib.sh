# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# What a scenario's functions can call. Sourced by init, which sets hop and
# scenario and runs the functions under "set -e": any failing command fails the
# scenario, and the log shows each command.
# shellcheck disable=SC2154 # hop

# ---- ending ---------------------------------------------------------------

# fail TEXT: end the scenario; TEXT is what the summary shows.
fail() {
	{ set +x; } 2> /dev/null
	# shellcheck disable=SC2034 # shown by init's trap
	reason=$*
	exit 1
}

# ---- the host -------------------------------------------------------------

# host COMMAND ...: have the runner do something; print its answer and leave it
# in $answer. The commands are the methods cmd_* of host/commands.py.
host() {
	{ set +x; } 2> /dev/null
	echo "host $*"
	host_ask "$@"
	echo "  $answer"
	set -x
}

# Second serial port, one line each way, numbered so that an answer can only fit
# its own question; do not call it in a subshell.
host_line=0
host_ask() {
	if [ "$host_line" = 0 ]; then
		stty -F /dev/ttyS1 raw -echo
		exec 3<> /dev/ttyS1
	fi
	host_line=$((host_line + 1))
	echo "@host $hop.$host_line $*" >&3
	# shellcheck disable=SC3045 # busybox has read -t
	while IFS= read -r -t 180 answer <&3; do
		case $answer in
		"$hop.$host_line ok"*)
			answer=${answer#"$hop.$host_line ok"}
			answer=${answer# }
			return 0 ;;
		"$hop.$host_line "*)
			fail "host $1: ${answer#"$hop.$host_line "}" ;;
		esac
	done
	fail "host $1: no answer"
}

# ---- memory ---------------------------------------------------------------

# region NAME: "ADDR SIZE" of a reserve_mem region, from the kernel's own table.
region() {
	memtool regions | sed -n "s/^$1 //p"
}

# fill_region NAME SEED: the host writes the pattern into a reserve_mem region
# from outside and remembers where it is.
fill_region() {
	region_at=$(region "$1")
	[ -n "$region_at" ] || fail "no reserve_mem region $1"
	# shellcheck disable=SC2086 # ADDR SIZE
	host fill "$1" $region_at "$2"
}

# check_memory NAME: what the host remembers as NAME still has its content, seen
# from outside and by this kernel, and this kernel uses none of its pages.
check_memory() {
	host check "$1"
	host get "$1"
	# shellcheck disable=SC2086 # ADDR SIZE SEED
	set -- "$1" $answer
	memtool check kcore "$2" "$3" "$4" || fail "$1: the guest does not read its pattern"
	pageflags "$2" "$3" || fail "$1: its pages are in use"
}

# check_region NAME: check_memory, and the kernel revived NAME at its old place.
check_region() {
	check_memory "$1"
	region_at=$(region "$1")
	host get "$1"
	[ "$region_at" = "${answer% *}" ] || fail "$1: revived at $region_at, was at ${answer% *}"
}

# fill_huge NAME PAGES SEED: huge pages of user memory with the pattern, one
# physical range; sets huge_addr and huge_size.
fill_huge() {
	grep -q ' /huge ' /proc/mounts || mount -t hugetlbfs hugetlbfs /huge
	# More than asked for: some may lie apart or in scratch.
	echo $(($(cat /proc/sys/vm/nr_hugepages) + 3 * $2 + 8)) > /proc/sys/vm/nr_hugepages
	hugemem "/huge/$1" "$2" "$3" > /run/huge
	read -r huge_addr huge_size < /run/huge
	host remember "$1" "$huge_addr" "$huge_size" "$3"
}

# rewrite_huge NAME PAGES SEED: the process writes its memory again, in place.
rewrite_huge() {
	hugemem "/huge/$1" "$2" "$3" > /run/huge.new
	cmp /run/huge /run/huge.new || fail "huge pages have moved"
	host remember "$1" "$huge_addr" "$huge_size" "$3"
}

# check_screen NAME: what is written to the framebuffer console can be seen: 800 bright characters
# on a dark screen. The host saves it as NAME.ppm.
check_screen() {
	[ -e /dev/fb0 ] || fail "no framebuffer"
	printf '\033[2J\033[H\033[?25l' > /dev/tty0
	sleep 1
	host screen "$1-dark"
	dark=$answer
	printf 'This is hop %s.\n\033[7m%800s\033[0m\n' "$hop" "" > /dev/tty0
	sleep 1
	host screen "$1"
	[ "$answer" -ge $((dark + 5)) ] || fail "nothing on the screen: $dark% were bright, then $answer%"
}

# ---- kexec ----------------------------------------------------------------

# next_initrd: make /run/initrd for the next hop; with the kernels in it unless
# that hop is the last.
next_initrd() {
	cp /next/base.cpio /run/initrd
	if [ $((hop + 1)) -lt "${hops:-1}" ]; then
		(cd / && find next | cpio -o -H newc 2> /dev/null) >> /run/initrd
	fi
}

# next_cmdline: this boot's command line, with the next hop's number.
next_cmdline() {
	sed "s/ *\bhop=[0-9]*//g; s/$/ hop=$((hop + 1))/" /proc/cmdline
}

# load KERNEL [OPTION ...]: kexec --kho -l for the next hop.
load() {
	load_kernel=$1
	shift
	[ -e /run/initrd ] || next_initrd
	kexec --kho -l "/next/$load_kernel" --initrd=/run/initrd --append="$(next_cmdline)" "$@"
}

# load_plain KERNEL OPTION ...: the same without a handover.
load_plain() {
	load_kernel=$1
	shift
	[ -e /run/initrd ] || next_initrd
	kexec "$@" -l "/next/$load_kernel" --initrd=/run/initrd --append="$(next_cmdline)"
}

# load_packed KERNEL N: load KERNEL as the Nth of 24 ways to pack and load it says, from 0 on.
load_packed() {
	# shellcheck disable=SC2046 # two words
	load_plain $(sed -n "$(($2 + 1))s/^/$1/p" <<- END
		+uki -c
		+uki -s
		+uki -a
		+uki+gz -s
		+vmlinux -c
		+vmlinux -a
		+lz4 -c
		+lz4 -s
		+gz -s
		+zst -a
		+xz -s
		+bz2 -s
		+padded -s
		+garbage -s
		+uki+gz -c
		+vmlinux+gz -c
		+lz4 -a
		+gz -c
		+zst -c
		+xz -a
		+bz2 -c
		+lzma -s
		+padded -c
		+garbage -a
	END
	)
}

# save_segment KERNEL: a segment with all that one can have, for segfuzz: region r0, huge
# pages of user memory and a blob, all verified. Into /run/segment, what has to be on the
# command line with it into /run/line. Needs "kho=on liveupdate=on reserve_mem=...:r0".
save_segment() {
	fill_region r0 1
	fill_huge user 4 1
	memtool fill /run/state 0 5000 2
	next_initrd
	kexec --kho --kho-save-segment=/run/segment "/next/$1" --initrd=/run/initrd \
		--append="$(next_cmdline)" --kho-region "user=$huge_addr,$huge_size" \
		--kho-verify=all --kho-blob state=/run/state > /run/line
}

# stub_kernel KERNEL: the beginning of an image in /run/kernel, all of it that a load looks
# at. As long as it says that it becomes (init_size), memory is allocated and cleared: 1 MiB.
stub_kernel() {
	head -c 65536 "/next/$1" > /run/kernel
	printf '\000\000\020\000' | dd of=/run/kernel bs=1 seek=608 conv=notrunc 2> /dev/null
}

# jump: start the loaded image.
jump() {
	host mark jump
	kexec -e || fail "kexec -e: status $?"
	fail "kexec -e returned"
}

# ---- crash kernels ----------------------------------------------------------

# crash_cmdline: the next hop's command line, without what is for this kernel alone.
crash_cmdline() {
	next_cmdline | sed 's/\b\(kho\|kho_scratch\|reserve_mem\|crashkernel\)=[^ ]*//g; s/$/ nr_cpus=1/'
}

# headers_at KERNEL [OPTION ...]: where the headers of the dump are, if load_crash loads it with -c.
headers_at() {
	headers_kernel=$1
	shift
	kexec -p -c "$@" --dry-run "/next/$headers_kernel" --initrd=/next/base.cpio \
		--append="$(crash_cmdline)" | sed -n 's/^segment *core headers *\(0x[0-9a-f]*\)-.*/\1/p'
}

# load_crash KERNEL OPTION ...: kexec -p; the hop after a panic is the last one.
load_crash() {
	load_kernel=$1
	shift
	kexec -p "$@" "/next/$load_kernel" --initrd=/next/base.cpio --append="$(crash_cmdline)"
	[ "$(cat /sys/kernel/kexec_crash_loaded)" = 1 ] || fail "no crash kernel is loaded"
}

# panic: a task of its own brings the kernel down, by SysRq; where the kernel has none, the
# first process does, by its end.
panic() {
	if [ -e /proc/sysrq-trigger ]; then
		mkfifo /run/go
		sh -c 'read -r go < /run/go; echo c > /proc/sysrq-trigger' &
		host set fallen $!
		host mark jump
		echo > /run/go
		sleep 120
		fail "no panic"
	fi
	host set fallen 1
	host mark jump
	trap - EXIT
	exit 0
}

# fallen REGION ...: this kernel was started by "panic". It was handed nothing, and it shows the
# memory of the kernel before it: its notes, and the patterns in the regions.
fallen() {
	cold_boot
	[ "$(head -c 4 /proc/vmcore | tail -c 3)" = ELF ] || fail "no /proc/vmcore"
	memtool notes vmcore > /run/notes
	cat /run/notes
	host value fallen
	grep -qx "CORE 1 $answer" /run/notes || fail "no note of task $answer, which was running"
	grep -qx "VMCOREINFO 0 0" /run/notes || fail "no VMCOREINFO"
	for fallen_region; do
		host get "$fallen_region"
		# shellcheck disable=SC2086 # ADDR SIZE SEED
		memtool check vmcore $answer || fail "$fallen_region: not in /proc/vmcore"
	done
}

# makedumpfile ARGUMENT ...: Debian's, with crash_tools=1.
makedumpfile() {
	/crash-tools/lib/ld-linux-x86-64.so.2 --library-path /crash-tools/lib /crash-tools/makedumpfile "$@"
}

# kdump_tools: install Debian's kdump-config, unchanged, and what it needs. The crash kernel is
# this one's /next/KERNEL, and its command line ends as Debian's, and with the next hop.
kdump_tools() {
	mkdir -p /etc/default /etc/kdump /lib/lsb /boot /var/lib/kdump /var/crash
	cp -r /crash-tools/lsb/. /lib/lsb/
	cp /crash-tools/kdump-config /sbin/
	cp /crash-tools/kdump-tools /etc/default/
	cp /crash-tools/sysctl.conf /etc/kdump/
	# As Debian's hook leaves it beside the initrd; without it kdump-config makes a new one.
	cp /crash-tools/sysctl.conf "/var/lib/kdump/latest_sysctls-$(uname -r)"
	echo "KDUMP_CMDLINE_APPEND=\"reset_devices nr_cpus=1 irqpoll usbcore.nousb hop=$((hop + 1))\"" \
		>> /etc/default/kdump-tools
	printf '#!/bin/sh\nexec %s --library-path /crash-tools/lib /crash-tools/makedumpfile "$@"\n' \
		/crash-tools/lib/ld-linux-x86-64.so.2 > /sbin/makedumpfile
	chmod +x /sbin/makedumpfile
	# The next hop has neither.
	[ ! -e "/next/$1" ] || cp "/next/$1" "/boot/vmlinuz-$(uname -r)"
	[ ! -e /next/base.cpio ] || cp /next/base.cpio "/var/lib/kdump/initrd.img-$(uname -r)"
}

# dumped: makedumpfile reads /proc/vmcore: the log, and everything that is in use.
dumped() {
	makedumpfile --dump-dmesg /proc/vmcore /run/dmesg
	tail -n 12 /run/dmesg
	grep -q "Kernel panic - not syncing" /run/dmesg || fail "the log does not tell of the panic"
	makedumpfile -c -d 31 /proc/vmcore /run/dump
	[ "$(head -c 5 /run/dump)" = KDUMP ] || fail "no dump"
}

# flip WHAT ...: when the CPU comes to purgatory's first instruction, one bit of
# the loaded image or of what it hands over flips: "at ADDR", "pattern SEED POS"
# or "kernel NAME". The next hop makes sure by "host flipped".
flip() {
	flip_what=$1
	shift
	host "flip-$([ "$flip_what" = at ] || echo "$flip_what-")at-entry" "$(memtool entry)" "$@" 5
}

# get_blob NAME SIZE SEED: the blob handed over has that size and pattern.
get_blob() {
	kexec --kho-get "$1" > /run/blob
	[ "$(stat -c %s /run/blob)" = "$2" ] || fail "blob $1: size $(stat -c %s /run/blob), not $2"
	memtool check /run/blob 0 "$2" "$3" || fail "blob $1 is damaged"
	# Kernels of ABI v1 get it inside an FDT: its property "data" begins at byte 108.
	case $(uname -r) in
	6.*) tail -c +109 "/sys/kernel/debug/kho/in/sub_fdts/$1" | head -c "$2" > /run/seen ;;
	*) cat "/sys/kernel/debug/kho/in/sub_fdts/$1" > /run/seen ;;
	esac
	cmp /run/blob /run/seen || fail "blob $1: debugfs shows another"
}

# status_says PHRASE: what kexec --kho-status tells of this boot.
status_says() {
	kexec --kho-status > /run/status || echo "kexec --kho-status: exit code $?"
	cat /run/status
	grep -q -- "$1" /run/status || fail "kexec --kho-status does not say '$1'"
}

# item KIND NAME TEXT: what status_says has printed says this, and no more, of an item.
item() {
	grep "^$1 *$2 *0x[0-9a-f]*, [0-9]* bytes, $3\$" /run/status ||
		fail "kexec --kho-status does not say of $1 $2: $3"
}

# ---- the standard handover, for scenarios that vary the machine -------------

# One reserve_mem region r0, verified by purgatory; needs "kho=on reserve_mem=...:r0".
hand_over_r0() {
	fill_region r0 1
	load "${1:-7.3}" --kho-verify=r0
	jump
}

receive_r0() {
	kho_boot
	dirty
	check_region r0
	status_says "result: *verified"
}

# end_sessions: end every live update session, and wait until they have.
end_sessions() {
	killall luo
	while pidof luo > /dev/null; do sleep 0.1; done
}

# ---- handovers between versions, for scenarios that vary the kernels ----------

# leave KERNEL LUO: everything there is to hand over, to a kernel of another
# version. LUO says what becomes of a memfd in a live update session: "native" (it
# is handed over), "refused" (the load is, until the session has ended) or "none"
# (this kernel has no live update). Needs "kho=on reserve_mem=...:r0".
leave() {
	fill_region r0 1
	memtool fill /run/state 0 5000 2
	[ "$2" = none ] || luo preserve session 7 1000000 3
	if [ "$2" = refused ]; then
		refused "live update session 'session' is open" load "$1"
		end_sessions
	fi
	load "$1" --kho-verify=r0 --kho-blob state=/run/state
	jump
}

# arrive LUO TEST_KHO: what "leave" handed over is there; TEST_KHO 1: upstream's test
# finds the memory that it has preserved by itself.
arrive() {
	kho_boot
	[ "$2" = 0 ] || logged 'KHO restore succeeded'
	dirty
	check_region r0
	get_blob state 5000 2
	[ "$1" != native ] || luo check session 7 1000000 3
	status_says "result: *verified"
}

# alive PID: the process has not ended; what the shell has not waited for is a zombie.
alive() { grep -qv 'Z' "/proc/$1/stat" 2> /dev/null; }

# reads_kcore PID COMMAND: wait until COMMAND, running in the background, has /proc/kcore
# open: its look at the running kernel has begun.
reads_kcore() {
	until for link in "/proc/$1"/fd/*; do readlink "$link"; done | grep -q /proc/kcore; do
		alive "$1" || fail "$2 has ended before it was looked at"
		usleep 50000
	done
}

# ---- expectations ---------------------------------------------------------

# refused PHRASE COMMAND ...: COMMAND fails as documented, says PHRASE, loads nothing.
refused() {
	refused_phrase=$1
	shift
	if "$@" > /run/refused 2>&1; then
		cat /run/refused
		fail "not refused: $*"
	else
		refused_code=$?
	fi
	cat /run/refused
	# The documented ones; a crash has others.
	case $refused_code in
	1 | 255) ;;
	*) fail "refused with exit code $refused_code: $*" ;;
	esac
	# Traced commands are in there too, and their words may be those of the phrase.
	grep -q -- "^kexec: .*$refused_phrase" /run/refused || fail "refused without saying '$refused_phrase': $*"
	[ "$(cat /sys/kernel/kexec_loaded)" = 0 ] || fail "refused, but something is loaded: $*"
}

# logged PHRASE, not_logged PHRASE: what the kernel's log says.
logged() { dmesg | grep -q -- "$1" || fail "the kernel's log does not say '$1'"; }
not_logged() { ! dmesg | grep -- "$1" || fail "the kernel's log says '$1'"; }

# quiet: no checker of the kernel has spoken.
quiet() {
	not_logged 'BUG: '
	not_logged 'UBSAN: '
	not_logged 'WARNING: '
	not_logged 'INFO: possible '
}

# no_leaks: kmemleak finds nothing; an object must be unreferenced in two scans.
no_leaks() {
	echo scan > /sys/kernel/debug/kmemleak
	sleep 6
	echo scan > /sys/kernel/debug/kmemleak
	cat /sys/kernel/debug/kmemleak > /run/leaks
	if [ -s /run/leaks ]; then
		cat /run/leaks
		fail "kmemleak found leaks"
	fi
}

# The kernel took the handover.
kho_boot() { logged 'KHO: found kexec handover data'; }
cold_boot() { not_logged 'KHO: found kexec handover data'; }
