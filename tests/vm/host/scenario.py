# SPDX-License-Identifier: GPL-2.0-only
"""A scenario file: declarations for the host, functions for the guest.

The file is a shell script that the guest sources. Assignments that begin in
the first column are read by the host too, so they must be plain NAME=VALUE.
"""

import re
import shlex
from dataclasses import dataclass, field, fields

SIZES = {"M": 1 << 20, "G": 1 << 30}


class ScenarioError(Exception):
    pass


@dataclass
class Scenario:
    name: str
    about: str = ""         # one line for "run --list"
    boot: str = "7.3"       # kernel of the cold boot
    next: str = "7.3"       # kernels for later hops, as /next/NAME in the guest
    hops: int = 1           # handovers; the scenario ends after hop number hops
    memory: str = "1G"
    smp: int = 2
    numa: int = 1           # nodes, memory and CPUs split evenly
    firmware: str = "bios"  # or uefi
    cmdline: str = ""       # in addition to the runner's own
    qemu: str = ""          # further options of QEMU
    icount: int = 0         # 1: guest time is a count of instructions (and smp=1)
    test_kho: int = 0       # 1: upstream's lib/test_kho.c preserves memory of its own
    selftests: str = ""     # series whose upstream tests are in the guest's /selftests-SERIES
    module: str = ""        # kernel whose test modules are in the guest's /sbin
    kho_fdt: int = 0        # 1: kho-fdt is in the guest's /sbin
    kexec_tools: int = 0    # 1: Debian's is in the guest as /sbin/kexec-tools
    crash_tools: int = 0    # 1: Debian's makedumpfile and kdump-tools are in the guest
    timeout: int = 240      # seconds, for all boots together
    functions: set = field(default_factory=set)

    @property
    def bytes(self):
        return int(self.memory[:-1]) * SIZES[self.memory[-1]]


def load(path):
    scenario = Scenario(path.name)
    types = {item.name: item.type for item in fields(Scenario)}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if match := re.match(r"(\w+) *\(\)", line):
            scenario.functions.add(match[1])
        if not (match := re.match(r"(\w+)=(.*)$", line)):
            continue
        name, value = match[1], " ".join(shlex.split(match[2], comments=True))
        if name not in types or name in ("name", "functions"):
            raise ScenarioError(f"{path}:{number}: unknown declaration {name}; "
                                "variables of the guest belong into a function")
        try:
            setattr(scenario, name, types[name](value))
        except ValueError:
            raise ScenarioError(f"{path}:{number}: {name} is no number") from None
    check(scenario, path)
    return scenario


def check(scenario, path):
    if not re.fullmatch(r"[1-9]\d*[MG]", scenario.memory):
        raise ScenarioError(f"{path}: memory must be a number and M or G")
    if scenario.firmware not in ("bios", "uefi"):
        raise ScenarioError(f"{path}: firmware must be bios or uefi")
    for hop in range(scenario.hops + 1):
        if not {f"hop{hop}", "each_hop"} & scenario.functions:
            raise ScenarioError(f"{path}: no function hop{hop}, and no each_hop")
