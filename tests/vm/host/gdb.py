# SPDX-License-Identifier: GPL-2.0-only
"""As much of the gdb remote protocol as QEMU's stub needs for one breakpoint.

Connecting stops the machine; leave() lets it go on.
"""

import re
import socket
import struct


class GdbError(Exception):
    pass


class Gdb:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(path)
        self.data = b""
        # Without multiprocess a thread is just a number.
        self.ask("qSupported:hwbreak+")

    def ask(self, text):
        """Answer to a question asked of a stopped machine."""
        self.send(text)
        while True:
            answer = self.receive()
            # That it stopped because we connected may come unasked.
            if not re.match(r"T[0-9a-f]{2}", answer):
                return answer

    def send(self, text):
        data = text.encode()
        self.socket.sendall(b"$" + data + b"#%02x" % (sum(data) & 0xFF))

    def receive(self, timeout=30):
        """Next packet's text; acknowledgements are skipped."""
        self.socket.settimeout(timeout)
        while True:
            start = self.data.find(b"$")
            end = self.data.find(b"#", start)
            if start >= 0 and 0 <= end <= len(self.data) - 3:
                packet = self.data[start + 1:end]
                self.data = self.data[end + 3:]
                self.socket.sendall(b"+")
                return packet.decode("latin-1")
            more = self.socket.recv(65536)
            if not more:
                raise GdbError("QEMU closed the gdb connection")
            self.data += more

    def set_breakpoint(self, addr):
        answer = self.ask(f"Z1,{addr:x},1")
        if answer != "OK":
            raise GdbError(f"no breakpoint at {addr:#x}: {answer!r}")

    def clear_breakpoint(self, addr):
        self.ask(f"z1,{addr:x},1")

    def threads(self):
        listed = []
        answer = self.ask("qfThreadInfo")
        while answer.startswith("m"):
            listed += answer[1:].split(",")
            answer = self.ask("qsThreadInfo")
        return listed

    def registers(self, thread=None):
        """rip and cs of a vCPU, by default the one that stopped."""
        if thread:
            self.ask(f"Hg{thread}")
        raw = bytes.fromhex(self.ask("g"))
        rip, _flags, code_segment = struct.unpack_from("<QII", raw, 16 * 8)
        return rip, code_segment

    def go_on(self):
        self.send("c")

    def wait_for(self, addr, timeout):
        """Wait until the kernel's privilege level is at addr; it is set and running.

        The address is virtual: a user process may have code at the very place
        that purgatory has in its identity map.
        """
        while True:
            stop = self.receive(timeout)
            if not stop.startswith("T"):
                raise GdbError(f"QEMU stopped with {stop!r}")
            rip, code_segment = self.registers()
            self.clear_breakpoint(addr)
            if rip == addr and not code_segment & 3:
                return
            self.send("s")
            self.receive()
            self.set_breakpoint(addr)
            self.go_on()

    def leave(self):
        self.ask("D")
        self.socket.close()
