/* SPDX-License-Identifier: Apache-2.0 */
/* The measuring guest in a VM of KVM: an ELF image, two vCPUs, a UART that only sends. */
#include "bench.h"
#include "vmm.h"

#include <elf.h>
#include <string.h>

#define MEMORY_SIZE  (16u << 20)
#define START_MAGIC  0x42484B44 /* PLATFORM_START_MAGIC */
#define UART         0x3F8
#define UART_STATUS  0x3FD
#define STATUS_EMPTY 0x60

static const char *image_path;

static struct vmm_entry load(uint8_t *memory, uint32_t memory_size)
{
	static uint8_t file[1 << 20];
	const Elf64_Ehdr *header = (const void *)file;
	const Elf64_Phdr *segments;

	(void)memory_size;
	vmm_read_file(image_path, file, sizeof(file));
	segments = (const void *)(file + header->e_phoff);
	for (unsigned i = 0; i < header->e_phnum; i++)
		if (segments[i].p_type == PT_LOAD)
			memcpy(memory + segments[i].p_paddr, file + segments[i].p_offset,
			       segments[i].p_filesz);
	return (struct vmm_entry){.rip = (uint32_t)header->e_entry, .rax = START_MAGIC, .rsi = 1};
}

static void port_read(uint16_t port, uint8_t *data, unsigned size)
{
	(void)size;
	if (port == UART_STATUS)
		*data = STATUS_EMPTY;
}

static void port_write(uint16_t port, const uint8_t *data, unsigned size)
{
	(void)size;
	if (port == UART)
		vmm_console_put((char)*data, "bench: done");
}

void vmm_run_measure(const char *image, int first_core)
{
	const struct vmm_guest guest = {
		.memory_size = MEMORY_SIZE,
		.vcpu_count = 2,
		.first_core = first_core,
		.load = load,
		.port_read = port_read,
		.port_write = port_write,
	};

	image_path = image;
	vmm_run(&guest);
}
