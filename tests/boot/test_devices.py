# SPDX-License-Identifier: Apache-2.0
"""Linux drives a network card, an IDE disk and a USB controller by its normal drivers and DMA."""

import hashlib

from boot import (BOOT_SECONDS, BUILD, Checks, Shell, assert_steady, boot, equal, hypervisor_lines,
                  wait_for_reports)

MIB = 1 << 20
DISK_MIB = 4
# Bochs asks for whole cylinders of 16 heads with 63 sectors.
DISK_BYTES = 516096 * (DISK_MIB * MIB // 516096 + 1)


def make_disk(path):
    """A disk whose first MiB is known; returns its checksum."""
    path.parent.mkdir(parents=True, exist_ok=True)
    first = b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(MIB // 32))
    path.write_bytes(first + bytes(DISK_BYTES - MIB))
    return hashlib.md5(first).hexdigest()


def told(lines, word):
    """What the guest's script said about a thing."""
    start = f"devices: {word} "
    return [line.removeprefix(start) for line in lines if line.startswith(start)]


def main():
    """One boot."""
    disk = BUILD / "boot-tests" / "devices.img"
    checksum = make_disk(disk)
    with Checks() as checks, boot("devices", inputs=("linux",), disk=disk) as machine:
        shell = Shell(machine)
        with checks("the log says loudly that DMA is unprotected"):
            machine.wait_for("hv", r"starting 2 VMs", BOOT_SECONDS)
            told_once = [line for line in hypervisor_lines(machine, "warning") if "DMA" in line]
            assert len(told_once) == 1 and '"linux"' in told_once[0], machine.tail()
        with checks("Linux comes to its shell"):
            shell.start()
        lines = shell.run("sh /bin/devices", 3 * BOOT_SECONDS)
        with checks("drivers bind to the functions of the VM, and there are no others"):
            functions = {entry.split(" ")[0]: entry.split(" ")[3] for entry in told(lines, "pci")}
            equal(functions, {"0000:00:00.0": "", "0000:00:01.0": "", "0000:00:01.1": "ata_piix",
                              "0000:00:01.2": "uhci_hcd", "0000:00:02.0": "e1000"})
        with checks("the network card has a link, and the host behind it answers"):
            equal(told(lines, "link"), ["1"])
            assert any("devices: 3 packets transmitted, 3 packets received" in line for line in lines), lines
        with checks("the disk is read"):
            equal(told(lines, "disk"), [f"{DISK_BYTES // 512} sectors"])
            equal(told(lines, "read"), [checksum])
        with checks("and written"):
            equal(told(lines, "back"), [checksum])
            equal(hashlib.md5(disk.read_bytes()[MIB:2 * MIB]).hexdigest(), checksum)
        with checks("the USB controller has its root hub"):
            assert any("UHCI" in line and "2 ports" in line for line in told(lines, "usb")), lines
        with checks("interrupts came, by the IOAPIC"):
            interrupts = "\n".join(told(lines, "interrupts"))
            assert "eth0" in interrupts and "ata_piix" in interrupts and "IO-APIC" in interrupts, lines
        with checks("Linux has nothing to say against the ACPI tables"):
            equal(told(lines, "complaint"), [])
        with checks("the neighbour misses no tick and makes no exit"):
            found = wait_for_reports(machine, "beat", 1, 2)
            assert_steady(found, int(found[0]["ticks"]))
        with checks("the hypervisor has no error to tell"):
            equal(hypervisor_lines(machine, "error"), [])


main()
