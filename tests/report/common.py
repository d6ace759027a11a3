# SPDX-License-Identifier: Apache-2.0
"""What the tests of reports share: the tool, scenarios, and counting."""

import contextlib
import os
import subprocess
import sys
import traceback
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
BUILD = os.environ.get("BULKHEAD_BUILD", "build")
TOOL = Path(TOP, BUILD, "tools", "bulkhead")
SCENARIOS = TOP / "scenarios"


class Tally:
    """Counts checks; one that fails does not end the others.

        tally = Tally()
        with tally.check("name"):
            assert ..., "why"
        sys.exit(tally.finish())
    """

    def __init__(self):
        self.passed = self.failed = 0

    @contextlib.contextmanager
    def check(self, name):
        """One check; an AssertionError in it says why it failed."""
        try:
            yield
        except AssertionError as error:
            self.fail(name, error)
        except Exception:  # pylint: disable=broad-except
            self.fail(name, traceback.format_exc())
        else:
            self.passed += 1
            print(f"ok {name}", flush=True)

    def fail(self, name, why):
        """A check that failed."""
        self.failed += 1
        print(f"FAIL {name}: {why}", flush=True)

    def finish(self):
        """Last line and exit status."""
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


def bulkhead(*arguments, cwd=TOP):
    """The finished process."""
    return subprocess.run([TOOL, *arguments], cwd=cwd, stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=120, check=False)


def render(command, scenario, output, *options):
    """Text of what `report` or `map` wrote; a scenario with errors is fine."""
    result = bulkhead(command, scenario, "-I", SCENARIOS, "-I", TOP / "tests" / "fixtures", "-o",
                      output, *options)
    assert result.returncode in (0, 1), result.stderr
    return Path(output).read_text(encoding="utf-8")


def generated(folder, vms=64, cores=256, ranges=2000):
    """Path of a large scenario."""
    path = Path(folder) / f"generated-{vms}.dts"
    subprocess.run([sys.executable, TOP / "tests/report/generate.py", "--vms", str(vms), "--cores",
                    str(cores), "--ranges", str(ranges), "-o", path], check=True)
    return path


# Everything that a scenario can say in its own words, in words that are not meant well.
HOSTILE = r"""/dts-v1/;
#include "boards/bochs.dtsi"
/ {
	compatible = "bulkhead,scenario";
	description = "<script>alert(1)</script> &amp; \"'quotes'\" \x01 \xff\xfe ]]> --> é";
	vms {
		aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa {
			cpus = <&cpu0 &cpu1>;
			boot-protocol = "linux";
			kernel = "<img src=x onerror=alert(2)>";
			ramdisk = "</style></svg>";
			bootargs = "a=\"<b>\" c='d' &lt;";
			report = "%s%n%08x <i>";
			devices = <&com1 &com2>;
			memory@0 { size = <0 MiB(256)>; host = <0 0x10000000>; };
			memory@8000000 { size = <0 MiB(300)>; };
		};
		b {
			cpus = <&cpu1 &cpu1>;
			boot-protocol = "raw";
			image = "b";
			bsp-entry = <0xffffffff 0xfffffffc>;
			devices = <&com2>;
			interrupts = <4 4000000000>;
			io-ports = <0x3f8 8>, <0 0xffffffff>;
			memory@0 { size = <0xffffffff 0xffffffff>; host = <0 0x10000000>; };
			memory@fee00000 { size = <0 MiB(4)>; host = <0 0>; access = "r"; };
		};
	};
};
"""


def hostile(folder):
    """Path of a scenario that is wrong all over and full of markup."""
    path = Path(folder) / "hostile.dts"
    path.write_text(HOSTILE, encoding="utf-8")
    return path


# Caches, hybrid cores, PCI behind a bridge, an IOMMU, and memory that two VMs have.
TOPOLOGY = r"""/dts-v1/;
#include "pci.dtsi"

/ {
	description = "Caches, PCI and shared memory";
	shared-memory { ring: ring { size = <0 KiB(64)>; }; };
};
&cpu0 { l3-group = <0>; l2-group = <0>; };
&cpu1 { l3-group = <0>; l2-group = <0>; };
&cpu2 { l3-group = <1>; l2-group = <1>; kind = "efficient"; };
&cpu3 { l3-group = <1>; l2-group = <1>; };
&a {
	pci-devices = <&nic0>;
	shared@80000000 { memory = <&ring>; access = "rw"; };
};
&b {
	pci-devices = <&nic1 &disk>;
	cpuid-hide = "avx512";
	shared@90001000 { memory = <&ring>; access = "r"; };
};
"""


def topology(folder):
    """Path of a scenario on the fixtures' board."""
    path = Path(folder) / "topology.dts"
    path.write_text(TOPOLOGY, encoding="utf-8")
    return path
