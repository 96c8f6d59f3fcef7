# SPDX-License-Identifier: GPL-2.0-only
"""The files that the command lines name: kernels, initrds, and what is neither.

"bzImage" is what a loader looks at, and small; "vmlinuz" is a real kernel. The others say by
their names what is wrong with them.
"""

import bz2
import gzip
import lzma
import random
import shutil
import struct
import subprocess
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2]
# Fields of the setup header (Documentation/arch/x86/boot.rst).
SETUP_SECTS, VERSION, RELOCATABLE, XLOADFLAGS = 0x1f1, 0x206, 0x234, 0x236
INITRD_ADDR_MAX, PAYLOAD_OFFSET, INIT_SIZE = 0x22c, 0x248, 0x260


def piped(*args, data=b""):
    return subprocess.run(list(map(str, args)), input=data, stdout=subprocess.PIPE,
                          check=True).stdout


def changed(image, at, form, value):
    copy = bytearray(image)
    struct.pack_into("<" + form, copy, at, value)
    return bytes(copy)


def small_kernel():
    """As long as a kernel says that it becomes, memory is cleared and digested: 2 MiB."""
    image = changed(piped(SOURCES / "tests/data/make-target"), INIT_SIZE, "I", 2 << 20)
    return changed(image, INITRD_ADDR_MAX, "I", 0x7fffffff)


def vmlinux(image):
    """What the real kernel holds: compressed by lz4, and behind that its length."""
    offset, length = struct.unpack_from("<II", image, PAYLOAD_OFFSET)
    start = (image[SETUP_SECTS] + 1) * 512 + offset
    return piped("lz4", "-q", "-d", "-c", data=image[start:start + length - 4])


def uki(sections):
    """A PE file of these sections, as systemd's stub has them, without the stub."""
    table, body, at = b"", b"", 0x1000
    for name, data in sections:
        padded = data + bytes(-len(data) % 512)
        table += struct.pack("<8sIIIIIIHHI", name, len(data), at, len(padded),
                             0x400 + len(body), 0, 0, 0, 0, 0x40000040)
        body += padded
        at += (len(padded) + 0xfff) & ~0xfff
    optional = struct.pack("<HBBIIIIIQIIHHHHHHIIIIHHQQQQII", 0x20b, 0, 0, 0, 0, 0, 0, 0, 0, 0x1000,
                           512, 0, 0, 0, 0, 0, 0, 0, at, 0x400, 0, 10, 0, 0, 0, 0, 0, 0, 0)
    coff = struct.pack("<HHIIIHH", 0x8664, len(sections), 0, 0, 0, len(optional), 0x22)
    head = b"MZ" + bytes(0x3a) + struct.pack("<I", 0x40) + b"PE\0\0" + coff + optional + table
    return head + bytes(0x400 - len(head)) + body


def multiboot():
    """A 32-bit ELF file with a multiboot header that asks for nothing."""
    code = struct.pack("<III", 0x1badb002, 0, -0x1badb002 & 0xffffffff) + b"\xf4" * 500
    head = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\1\1\1", 2, 3, 1, 0x10000c, 52, 0, 0, 52, 32,
                       1, 0, 0, 0)
    head += struct.pack("<IIIIIIII", 1, 0x1000, 0x100000, 0x100000, len(code), len(code), 5, 0x1000)
    return head + bytes(0x1000 - len(head)) + code


def kernels(real, memtest, xen):
    """{name: contents} of what is, or was, a kernel."""
    small, elf = small_kernel(), vmlinux(real)
    packed = gzip.compress(small, mtime=0)
    initrd = b"070701" + bytes(5000)
    return {
        "bzImage": small, "vmlinuz": real, "a b": small, "unreadable": small,
        "cut": real[:len(real) // 2], "header": small[:1024],
        "padded": small + bytes(65536), "garbage": small + random.Random(1).randbytes(10000),
        "old": changed(small, VERSION, "H", 0x205),
        "only32": changed(small, XLOADFLAGS, "H", 0),
        "below4g": changed(small, XLOADFLAGS, "H", 1),
        "fixed": changed(small, RELOCATABLE, "B", 0),
        "bzImage.gz": packed, "half.gz": packed[:len(packed) // 2],
        "bzImage.xz": lzma.compress(small, check=lzma.CHECK_CRC32),
        "bzImage.lzma": lzma.compress(small, lzma.FORMAT_ALONE),
        "bzImage.bz2": bz2.compress(small),
        "bzImage.zst": piped("zstd", "-q", "-c", data=small),
        "bzImage.lz4": piped("lz4", "-q", "-c", data=small),
        "vmlinux": elf, "vmlinux.gz": gzip.compress(elf, 1, mtime=0),
        "vmlinux-cut": elf[:65536], "vmlinux-arm64": changed(elf[:65536], 18, "H", 183),
        "uki": (unified := uki([(b".linux", small), (b".initrd", initrd), (b".cmdline", b"quiet")])),
        "uki.gz": gzip.compress(unified, mtime=0),
        "xen": gzip.decompress(xen), "xen.gz": xen, "memtest": memtest, "multiboot": multiboot(), "initrd": initrd,
    }


def make(folder, *real):
    """Write them all into FOLDER; REAL are the paths of Linux, memtest86+ and Xen."""
    folder.mkdir(parents=True)
    for name, data in kernels(*(path.read_bytes() for path in real)).items():
        (folder / name).write_bytes(data)
    (folder / "empty").touch()
    (folder / "text").write_text("This is no kernel.\n")
    (folder / "random").write_bytes(random.Random(2).randbytes(65536))
    (folder / "directory").mkdir()
    (folder / "link").symlink_to("bzImage")
    (folder / "dangling").symlink_to("missing")


def add_reference(folder, unpacked):
    """The program and the libraries that tests/vm/kexec-tools has unpacked."""
    shutil.copytree(unpacked / "lib", folder / "lib")
    shutil.copy(unpacked / "sbin/kexec-tools", folder / "kexec")
