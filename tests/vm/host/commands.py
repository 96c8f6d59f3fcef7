# SPDX-License-Identifier: GPL-2.0-only
"""What a guest can ask of the host: "host COMMAND ..." calls cmd_COMMAND.

A command returns the text of its answer; an exception is a refusal, which
fails the scenario with the exception's text.
"""

import base64
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from .gdb import Gdb
from .qmp import Qmp

SIGN_SEGMENT = Path(__file__).resolve().parents[3] / "kernel-patches" / "sign-segment"


class Commands:
    def __init__(self, machine):
        self.machine = machine
        self.ram = machine.ram
        self.memory = {}        # name -> (addr, size, seed)
        self.values = {}
        self.marks = []         # (seconds since start, text)
        self.expected_end = None
        self.arrived = 0        # marks there were when this kernel came up
        self.left_at = None     # length of the console's text when the last kernel was left
        self.last_words = None  # what cmd_expect_console() waits for
        self.entered = False    # the actions at the image's entry are done

    def run(self, line):
        """Answer to one line of the second serial port: "@host TAG COMMAND ..."."""
        # UEFI firmware has written escape codes there before the guest came up.
        tag, _, request = line.rpartition("@host ")[2].partition(" ")
        name, *args = request.split() or [""]
        method = getattr(self, "cmd_" + name.replace("-", "_"), None)
        if not method:
            return f"{tag} no command {name!r}"
        try:
            return f"{tag} ok {method(*args) or ''}".rstrip()
        except Exception as error:  # pylint: disable=broad-except
            return f"{tag} {type(error).__name__}: {error}".replace("\n", " ")

    # ---- progress ---------------------------------------------------------

    def cmd_hello(self, hop, release):
        """Sent by init: hop number and kernel release."""
        left = any(text == "jump" for _, text in self.marks[self.arrived:])
        self.arrived = len(self.marks)
        self.cmd_mark("hop" + hop, release)
        if hop != "0" and not left:
            raise ValueError("the kernel before this one was not to be left: it never said jump")

    def cmd_mark(self, *text):
        """Note the time; shown by run -v and kept in marks.txt."""
        self.marks.append((time.monotonic() - self.machine.started, " ".join(text)))
        if text == ("jump",):
            self.left_at = len(self.machine.console_text())

    # ---- memory -----------------------------------------------------------

    def cmd_remember(self, name, addr, size, seed):
        """The guest has filled memory itself."""
        self.memory[name] = (int(addr, 0), int(size, 0), int(seed, 0))

    def cmd_fill(self, name, addr, size, seed):
        """Write a pattern into guest memory and remember it as NAME."""
        self.cmd_remember(name, addr, size, seed)
        self.ram.fill(*self.memory[name])

    def known(self, name):
        if name not in self.memory:
            raise ValueError(f"nothing is remembered as {name!r}: fill it first")
        return self.memory[name]

    def cmd_check(self, name):
        """Fail unless NAME still holds its pattern."""
        if difference := self.ram.check(*self.known(name)):
            raise ValueError(f"{name}: {difference}")
        return f"{name} holds its pattern"

    def cmd_get(self, name):
        """ADDR SIZE SEED of NAME."""
        addr, size, seed = self.known(name)
        return f"{addr:#x} {size:#x} {seed}"

    def cmd_flip(self, addr, bit):
        """Invert one bit now."""
        self.ram.flip(int(addr, 0), int(bit, 0))

    def cmd_flip_bytes(self, wanted, bit):
        """The same in the first of the bytes WANTED (in hexadecimal); they must be once in RAM."""
        wanted = bytes.fromhex(wanted)
        if (found := self.ram.count(wanted)) != 1:
            raise ValueError(f"{found} copies of these bytes in memory")
        self.ram.flip_copies(wanted, int(bit, 0))

    def cmd_find_pattern(self, seed, size):
        """Fail unless RAM holds each page of a pattern, wherever it is."""
        for pos in range(0, int(size, 0), 4096):
            if not self.ram.count(self.ram.pattern(seed, pos, 64)):
                raise ValueError(f"page at {pos:#x} of pattern {seed} is gone")

    def cmd_set(self, name, *value):
        """Keep a value for a later hop; "value NAME" gives it back."""
        self.values[name] = " ".join(value)

    def cmd_value(self, name):
        return self.values[name]

    def cmd_save(self, name, *base64_text):
        """Append bytes to a file in the results folder."""
        with open(self.machine.results / Path(name).name, "ab") as file:
            file.write(base64.b64decode("".join(base64_text)))

    def cmd_sign(self, name, signer):
        """What signing appends to a file that was saved, in base64.

        SIGNER is the kernel whose key signs, or "stranger": a key that nobody knows.
        """
        saved = (self.machine.results / Path(name).name).read_bytes()
        with tempfile.TemporaryDirectory() as folder:
            keys = Path(folder) if signer == "stranger" else self.machine.kernel_path(signer).parent
            if signer == "stranger":
                self._run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                          "-subj", "/CN=stranger/", "-keyout", keys / "key.pem",
                          "-out", keys / "cert.pem")
            file = Path(folder) / "file"
            file.write_bytes(saved)
            self._run(SIGN_SEGMENT, keys / "key.pem", keys / "cert.pem", file)
            return base64.b64encode(file.read_bytes()[len(saved):]).decode()

    @staticmethod
    def _run(*args):
        result = subprocess.run(list(map(str, args)), capture_output=True, text=True, check=False)
        if result.returncode:
            raise ValueError(f"{Path(args[0]).name}: {result.stderr.strip()}")

    def cmd_console(self, *words):
        """Fail unless the console has said this."""
        text = " ".join(words)
        if not self.machine.console_says(text):
            raise ValueError(f"the console does not say {text!r}")

    def cmd_screen(self, name):
        """Save the screen as NAME.ppm in the results folder; the percentage of it that is not dark."""
        path = self.machine.results / f"{Path(name).name}.ppm"
        with Qmp(self.machine.qmp_path) as qmp:
            qmp.command("screendump", filename=str(path))
        # "P6 WIDTH HEIGHT 255", and three bytes of each dot.
        data = path.read_bytes()
        size = 3 * int(data.split()[1]) * int(data.split()[2])
        return str(100 * sum(value >= 0x80 for value in data[-size:]) // size)

    # ---- at the image's entry ---------------------------------------------

    def cmd_dump_at_entry(self, entry, name):
        """Save guest memory when the CPU is at physical address ENTRY.

        That is purgatory's first instruction: the old kernel has done all it does,
        the new one nothing. NAME is a file in the results folder, memory as it is.
        The answer comes when the breakpoint is set.
        """
        path = self.machine.results / Path(name).name
        self._at_entry(entry, lambda: self.ram.save(path) or f"memory saved as {path.name}")

    def cmd_flip_at_entry(self, entry, target, bit):
        """Invert a bit at that moment: the last digest has been taken, verification
        has not begun.
        """
        target, bit = int(target, 0), int(bit, 0)
        self._at_entry(entry, lambda: self.ram.flip(target, bit) or f"flipped {target:#x}")

    def cmd_flip_pattern_at_entry(self, entry, seed, pos, bit):
        """The same in every copy of the pattern SEED at position POS (x 8).

        Which copy is the one handed over need not be known: at that moment the
        others are of no use to anybody.
        """
        wanted = self.ram.pattern(seed, int(pos, 0), 64)
        self._flip_copies_at_entry(entry, wanted, int(bit, 0))

    def cmd_flip_kernel_at_entry(self, entry, name, bit):
        """The same in the middle of every copy of kernel NAME's image."""
        image = self.machine.kernel_path(name).read_bytes()
        middle = len(image) // 2
        self._flip_copies_at_entry(entry, image[middle:middle + 64], int(bit, 0))

    def _flip_copies_at_entry(self, entry, wanted, bit):
        def flip():
            if not (found := self.ram.flip_copies(wanted, bit)):
                raise ValueError("the bytes to damage are not in memory")
            return f"flipped {found} copies"
        self._at_entry(entry, flip)

    def _at_entry(self, entry, act):
        entry = int(entry, 0)
        gdb = Gdb(self.machine.gdb_path)
        try:
            gdb.set_breakpoint(entry)
        except Exception:
            gdb.leave()
            raise
        gdb.go_on()
        threading.Thread(target=self._wait_and_act, args=(gdb, entry, act), daemon=True).start()

    def _wait_and_act(self, gdb, entry, act):
        try:
            gdb.wait_for(entry, self.machine.scenario.timeout)
            self.cmd_mark(f"entry {entry:#x}: {act()}")
            self.entered = True
            gdb.leave()
        except Exception as error:  # pylint: disable=broad-except
            # A machine that ended first has said why in its log.
            self.cmd_mark(f"entry {entry:#x}: {type(error).__name__} {error}")

    def cmd_dumped(self):
        """Fail unless what was to be done at purgatory's entry was done."""
        if not self.entered:
            raise ValueError("the CPU never came to the breakpoint")

    cmd_flipped = cmd_dumped

    # ---- the end ----------------------------------------------------------

    def cmd_expect_reset(self, *phrase):
        """From here on the right end is a reset, after PHRASE on the console."""
        self.expected_end = " ".join(phrase)

    def cmd_expect_console(self, *phrase):
        """The right end is PHRASE on the console, after this kernel was left: it is the last
        thing to see of what runs then, and never ends.
        """
        self.left_at, self.last_words = None, " ".join(phrase)
        threading.Thread(target=self._end_with, args=(self.last_words,), daemon=True).start()

    def _end_with(self, phrase):
        while not self.seen():
            time.sleep(0.5)
        self.cmd_mark(f"console: {phrase}")
        self.machine.stop()

    def seen(self):
        """Whether the console has said what cmd_expect_console() waits for."""
        return (self.last_words is not None and self.left_at is not None and
                self.machine.console_says(self.last_words, self.left_at))
