# SPDX-License-Identifier: GPL-2.0-only
"""One QEMU machine running one scenario."""

import os
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from .commands import Commands
from .gdb import Gdb
from .ram import Ram

# RAM files and sockets: memory-backed where possible, gone after the run.
WORK = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(tempfile.gettempdir())
PREFIX = "kho-vm-"
OVMF = Path("/usr/share/OVMF")
# What a later hop inherits: lib.sh copies the command line. Without tsc=reliable
# the kernel compares the CPUs' time stamp counters, and on a busy host, where one
# emulated CPU can stand still for long, 7.3 was seen to wait there for ever
# (watchdog_check_skew on one CPU, stop_one_cpu on the other).
CMDLINE = "console=ttyS0 earlyprintk=ttyS0 panic=-1 printk.time=1 tsc=reliable"
# lib/test_kho.c is built in and has no switch of its own.
NO_TEST_KHO = "initcall_blacklist=kho_test_init"

# Everything TCG can do, except:
#  erms, fsrm: without "fast strings" the kernel clears and copies by words, for
#    TCG eight times less work than by bytes;
#  cx16: the flags after cmpxchg16b are garbage now and then (QEMU 7.2). The slab
#    allocator of Debian's 6.12 died of it in most boots.
CPU = "max,-erms,-fsrm,-cx16"


def remove_leftovers():
    """Folders of runs that were killed: each holds a guest's RAM."""
    for folder in WORK.glob(PREFIX + "*-*"):
        owner = folder.name[len(PREFIX):].partition("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists():
            shutil.rmtree(folder, ignore_errors=True)


class Machine:
    """run() boots, answers the guest and returns why it failed, or None."""

    def __init__(self, scenario, preparation, results):
        self.scenario = scenario
        self.kernel_path = preparation.kernel
        self.kernel = preparation.kernel(scenario.boot)
        self.initrd = preparation.initrd(scenario.next.split())
        self.results = results      # folder of the logs
        self.console = results / "console.log"
        self.work = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=WORK))
        self.gdb_path = str(self.work / "gdb")
        self.qmp_path = str(self.work / "qmp")
        node = scenario.bytes // scenario.numa
        self.ram = Ram([(str(self.work / f"ram{i}"), node) for i in range(scenario.numa)],
                       str(preparation.tool))
        self.started = 0.0
        self.commands = Commands(self)
        self.qemu = None

    # ---- command line -----------------------------------------------------

    def arguments(self):
        scenario = self.scenario
        args = ["qemu-system-x86_64", "-nodefaults", "-no-reboot",
                "-display", "none", "-nic", "none", "-m", scenario.memory]
        args += ["-cpu", CPU]
        args += (["-accel", "tcg", "-icount", "shift=1,sleep=off"] if scenario.icount else
                 ["-accel", "tcg,thread=multi"])
        args += self.memory_arguments()
        if scenario.firmware == "uefi":
            args += self.firmware_arguments()
        args += ["-serial", f"file:{self.console}",
                 "-chardev", f"socket,id=host,path={self.work}/host",
                 "-serial", "chardev:host",
                 "-chardev", f"socket,id=gdb,path={self.gdb_path},server=on,wait=off",
                 "-gdb", "chardev:gdb",
                 "-qmp", f"unix:{self.qmp_path},server=on,wait=off",
                 # Says "Triple fault", which looks like any reset from outside.
                 "-d", "cpu_reset", "-D", str(self.work / "reset.log"),
                 "-kernel", str(self.kernel), "-initrd", str(self.initrd),
                 "-append", f"{self.cmdline()} scenario={scenario.name} {scenario.cmdline} hop=0"]
        return args + shlex.split(scenario.qemu)

    def cmdline(self):
        return CMDLINE if self.scenario.test_kho else f"{CMDLINE} {NO_TEST_KHO}"

    def memory_arguments(self):
        """RAM in shared files, so that the host can look and write."""
        args = []
        for number, (path, size) in enumerate(self.ram.files):
            args += ["-object", f"memory-backend-file,id=ram{number},size={size},"
                     f"mem-path={path},share=on"]
        if self.scenario.numa == 1:
            # A socket each: of the others firmware's MP table lists the first CPU alone, and
            # most of our kernels have no ACPI.
            return args + ["-machine", "q35,memory-backend=ram0",
                           "-smp", f"{self.scenario.smp},sockets={self.scenario.smp}"]
        args += ["-machine", "q35", "-smp", f"{self.scenario.smp},sockets={self.scenario.numa}"]
        for number in range(self.scenario.numa):
            args += ["-numa", f"node,nodeid={number},memdev=ram{number}",
                     "-numa", f"cpu,node-id={number},socket-id={number}"]
        return args

    def firmware_arguments(self):
        variables = self.work / "vars.fd"
        shutil.copy(OVMF / "OVMF_VARS_4M.fd", variables)
        return ["-drive", f"if=pflash,format=raw,readonly=on,file={OVMF}/OVMF_CODE_4M.fd",
                "-drive", f"if=pflash,format=raw,file={variables}"]

    # ---- running ----------------------------------------------------------

    def run(self):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.work / "host"))
        listener.listen(1)
        self.started = time.monotonic()
        try:
            with open(self.results / "qemu.log", "w", encoding="utf-8") as log:
                print(shlex.join(self.arguments()), file=log, flush=True)
                self.qemu = subprocess.Popen(self.arguments(), stdin=subprocess.DEVNULL,
                                             stdout=log, stderr=log)
            try:
                return self.wait(listener)
            finally:
                self.stop()
                self.qemu.wait()
        finally:
            listener.close()
            self.write_marks()
            (self.results / "reset.log").write_text(self.reset_log(), encoding="utf-8")
            shutil.rmtree(self.work, ignore_errors=True)

    def stop(self):
        if self.qemu:
            self.qemu.kill()

    def wait(self, listener):
        server = threading.Thread(target=self.serve, args=(listener,), daemon=True)
        server.start()
        try:
            self.qemu.wait(self.scenario.timeout)
        except subprocess.TimeoutExpired:
            return f"no end after {self.scenario.timeout} s; {self.where_it_hangs()}"
        server.join(5)
        return self.judge(self.qemu.returncode)

    def serve(self, listener):
        """Answer the guest's requests until QEMU closes the line."""
        listener.settimeout(30)
        try:
            connection, _ = listener.accept()
            with connection, open(self.results / "host.log", "w", encoding="utf-8") as log:
                for line in connection.makefile("r", encoding="latin-1"):
                    answer = self.commands.run(line.strip())
                    print(f"{line.strip()}\n    {answer}", file=log, flush=True)
                    connection.sendall(answer.encode() + b"\n")
        except OSError:
            # QEMU has ended, or never came up: judge() finds out why.
            pass

    # ---- result -----------------------------------------------------------

    def judge(self, status):
        """Why the scenario failed, or None, once QEMU has ended."""
        if self.commands.seen():
            return None
        if status:
            return f"QEMU ended with status {status}: see qemu.log"
        text = self.console_text()
        results = re.findall(r"^RESULT: (.*?)\s*$", text, re.M)
        phrase = self.commands.expected_end
        if phrase is not None:
            return self.judge_reset(text, results, phrase)
        if results == ["pass"]:
            return None
        if results:
            return "; ".join(results) + self.last_command(text)
        if panic := re.search(r"Kernel panic.*", text):
            return panic[0].strip()
        if "Triple fault" in self.reset_log():
            return "triple fault"
        return "the machine reset or powered off without a result"

    @staticmethod
    def last_command(text):
        """The command at which a scenario's function ended."""
        if "a command failed" not in text:
            return ""
        # The last two traced lines are those of the trap that ended it.
        traced = re.findall(r"^\+hop\d+ (.*?)\s*$", text, re.M)[:-2]
        return f": {traced[-1]}" if traced else ""

    def judge_reset(self, text, results, phrase):
        if results:
            return f"expected a reset, got: {results[0]}"
        if not self.commands.entered:
            return "reset before the fault was injected"
        if not self.console_says(phrase):
            return f"reset without saying '{phrase}' on the console"
        if "Triple fault" in self.reset_log():
            return "triple fault instead of a reset"
        return None

    def console_says(self, phrase, since=0):
        """Whether anybody has said it but the guest, which asks for it by "host"."""
        return any(phrase in line and "host console" not in line and "host expect-" not in line
                   for line in self.console_text()[since:].splitlines())

    def console_text(self):
        return self.console.read_text(encoding="utf-8", errors="replace")

    def reset_log(self):
        try:
            return (self.work / "reset.log").read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def where_it_hangs(self):
        """Instruction pointers and the last line, for a machine out of time."""
        lines = self.console_text().strip().splitlines() or ["(nothing)"]
        try:
            gdb = Gdb(self.gdb_path)
            where = ", ".join(f"{gdb.registers(thread)[0]:#x}" for thread in gdb.threads())
        except Exception as error:  # pylint: disable=broad-except
            where = str(error)
        return f"CPUs at {where}; last line: {lines[-1].strip()}"

    def write_marks(self):
        with open(self.results / "marks.txt", "w", encoding="utf-8") as file:
            for seconds, text in self.commands.marks:
                print(f"{seconds:7.2f} {text}", file=file)
