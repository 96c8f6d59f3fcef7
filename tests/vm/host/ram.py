# SPDX-License-Identifier: GPL-2.0-only
"""Guest physical memory, seen from the host through the files it lives in."""

import mmap
import subprocess
import tempfile
from dataclasses import dataclass

GIB = 1 << 30
FOUR_GIB = 4 * GIB


@dataclass
class Ram:
    """RAM of a q35 machine: files in the order of the memory backends.

    Up to 2.75 GiB all of it lies at 0. From there on q35 puts 2 GiB below and
    the rest above 4 GiB; the files know nothing of that hole.
    """

    files: list     # of (path, size)
    tool: str       # the "guest" program, which also runs here

    def __post_init__(self):
        self.size = sum(size for _, size in self.files)
        self.low = self.size if self.size < 0xB0000000 else 2 * GIB

    def pieces(self, addr, size):
        """Yield (path, file offset, size, position) for a physical range."""
        pos = 0
        while pos < size:
            offset, room = self._linear(addr + pos)
            for path, length in self.files:
                if offset < length:
                    break
                offset -= length
            else:
                raise ValueError(f"physical {addr + pos:#x} is no RAM")
            piece = min(size - pos, room, length - offset)
            yield path, offset, piece, pos
            pos += piece

    def _linear(self, addr):
        if addr < self.low:
            return addr, self.low - addr
        if addr >= FOUR_GIB:
            offset = addr - FOUR_GIB + self.low
            return offset, max(self.size - offset, 1)
        raise ValueError(f"physical {addr:#x} is no RAM")

    def read(self, addr, size):
        data = b""
        for path, offset, length, _ in self.pieces(addr, size):
            with open(path, "rb") as file:
                file.seek(offset)
                data += file.read(length)
        return data

    def write(self, addr, data):
        for path, offset, length, pos in self.pieces(addr, len(data)):
            with open(path, "r+b") as file:
                file.seek(offset)
                file.write(data[pos:pos + length])

    def save(self, path):
        """Copy all of it into one file: offsets are addresses, zeros mostly holes."""
        if self.low != self.size:
            raise ValueError("a machine with memory above 4 GiB")
        with open(path, "wb") as out:
            for name, _ in self.files:
                with open(name, "rb") as file:
                    while piece := file.read(1 << 16):
                        if piece.count(0) == len(piece):
                            out.seek(len(piece), 1)
                        else:
                            out.write(piece)
            out.truncate(self.size)

    def flip(self, addr, bit):
        self.write(addr, bytes([self.read(addr, 1)[0] ^ (1 << bit)]))

    def flip_copies(self, wanted, bit):
        """Invert a bit in the first byte of each copy of the bytes wanted."""
        found = 0
        for path, size in self.files:
            with open(path, "r+b") as file, mmap.mmap(file.fileno(), size) as memory:
                at = memory.find(wanted)
                while at >= 0:
                    memory[at] ^= 1 << bit
                    found += 1
                    at = memory.find(wanted, at + len(wanted))
        return found

    def count(self, wanted):
        """How many copies of the bytes wanted there are."""
        found = 0
        for path, size in self.files:
            with open(path, "rb") as file, \
                    mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as memory:
                at = memory.find(wanted)
                while at >= 0:
                    found += 1
                    at = memory.find(wanted, at + len(wanted))
        return found

    def pattern(self, seed, pos, size):
        """Bytes of a pattern."""
        with tempfile.NamedTemporaryFile() as file:
            self._memtool("fill", (file.name, 0, size, pos), seed)
            return file.read()

    def fill(self, addr, size, seed):
        for piece in self.pieces(addr, size):
            self._memtool("fill", piece, seed)

    def check(self, addr, size, seed):
        """None if the range holds its pattern, else what differs."""
        for piece in self.pieces(addr, size):
            result = self._memtool("check", piece, seed)
            if result.returncode:
                return (result.stdout + result.stderr).strip()
        return None

    def _memtool(self, command, piece, seed):
        path, offset, length, pos = map(str, piece)
        result = subprocess.run(
            [self.tool, "memtool", command, path, offset, length, str(seed), pos],
            capture_output=True, text=True, check=False)
        if command == "fill" and result.returncode:
            raise ValueError(result.stderr.strip())
        return result
