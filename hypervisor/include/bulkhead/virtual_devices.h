/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual devices of a PC that a VM may have, and their ports. What is not in vm_config.virtual_devices
 * is absent for that VM: reads are all ones, writes are lost. docs/architecture.md says what each can do.
 */
#ifndef BULKHEAD_VIRTUAL_DEVICES_H
#define BULKHEAD_VIRTUAL_DEVICES_H

/* Bits of vm_config.virtual_devices. */
enum virtual_device {
	VIRTUAL_PIC = 0x01,         /* two 8259 interrupt controllers, with ELCR */
	VIRTUAL_PIT = 0x02,         /* 8254 timer and port 0x61 */
	VIRTUAL_RTC = 0x04,         /* MC146818 clock with CMOS memory */
	VIRTUAL_KEYBOARD = 0x08,    /* 8042 keyboard controller with nothing attached */
	VIRTUAL_RESET = 0x10,       /* reset by ports 0x92 and 0xCF9 */
	VIRTUAL_PM_TIMER = 0x20,    /* ACPI power management timer */
	VIRTUAL_HOST_BRIDGE = 0x40, /* 440FX host bridge at 00:00.0 instead of a nameless one */
	VIRTUAL_KEYBOARD_RESET =
		0x80, /* reset by command 0xFE at 0x64, which is absent for all else */
	VIRTUAL_ACPI_PM =
		0x100,          /* ACPI fixed hardware: PM1 registers; without it ACPI is reduced */
	VIRTUAL_FW_CFG = 0x200, /* firmware configuration: what SeaBIOS asks for */
	VIRTUAL_ALL = 0x3FF,
};

#define PLATFORM_PM1_EVENT_PORT   0x604 /* status and enable register, 16 bits each */
#define PLATFORM_PM_TIMER_PORT    0x608 /* 32 bits */
#define PLATFORM_PM1_CONTROL_PORT 0x60C /* 16 bits */
#define PLATFORM_FW_CFG_PORT      0x510 /* its selector, 16 bits */
#define PLATFORM_FW_CFG_DATA_PORT 0x511
#define PLATFORM_SCI              9 /* its interrupt, which never comes */

/* X(device bit, name in the scenario, what it is) */
#define VIRTUAL_DEVICES(X)                                                            \
	X(VIRTUAL_PIC, "pic", "two 8259 interrupt controllers")                       \
	X(VIRTUAL_PIT, "pit", "8254 timer")                                           \
	X(VIRTUAL_RTC, "rtc", "MC146818 clock")                                       \
	X(VIRTUAL_KEYBOARD, "i8042", "8042 keyboard controller")                      \
	X(VIRTUAL_RESET, "reset", "reset by ports 0x92 and 0xcf9")                    \
	X(VIRTUAL_PM_TIMER, "pm-timer", "ACPI power management timer")                \
	X(VIRTUAL_HOST_BRIDGE, "i440fx", "440FX host bridge")                         \
	X(VIRTUAL_KEYBOARD_RESET, "i8042-reset", "reset by the command 0xfe at 0x64") \
	X(VIRTUAL_ACPI_PM, "acpi-pm", "ACPI fixed hardware")                          \
	X(VIRTUAL_FW_CFG, "fw-cfg", "firmware configuration")

/* X(device bit, first port, last port, what is there) */
#define VIRTUAL_DEVICE_PORTS(X)                                                      \
	X(VIRTUAL_PIC, 0x20, 0x21, "the first interrupt controller")                 \
	X(VIRTUAL_PIC, 0xA0, 0xA1, "the second interrupt controller")                \
	X(VIRTUAL_PIC, 0x4D0, 0x4D1, "the edge/level control registers")             \
	X(VIRTUAL_PIT, 0x40, 0x43, "the timer")                                      \
	X(VIRTUAL_PIT, 0x61, 0x61, "the timer's gate and output")                    \
	X(VIRTUAL_RTC, 0x70, 0x71, "the real-time clock")                            \
	X(VIRTUAL_KEYBOARD, 0x60, 0x60, "the keyboard controller's data register")   \
	X(VIRTUAL_KEYBOARD, 0x64, 0x64, "the keyboard controller's status register") \
	X(VIRTUAL_KEYBOARD_RESET, 0x64, 0x64, "the reset command")                   \
	X(VIRTUAL_RESET, 0x92, 0x92, "system control port A")                        \
	X(VIRTUAL_RESET, 0xCF9, 0xCF9, "the reset control register")                 \
	X(VIRTUAL_PM_TIMER, 0x608, 0x60B, "the power management timer")              \
	X(VIRTUAL_ACPI_PM, 0x604, 0x607, "the PM1 event registers")                  \
	X(VIRTUAL_ACPI_PM, 0x60C, 0x60D, "the PM1 control register")                 \
	X(VIRTUAL_FW_CFG, 0x510, 0x511, "the firmware configuration")

#endif
