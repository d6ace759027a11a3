/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest user of /dev/kvm that runs the measuring guest: RAM from 0, vCPUs pinned to cores, the
 * kernel's interrupt controllers, a UART that only sends. The guest's TSC is the host's, so that all
 * partitions agree on the phases of the neighbours.
 */
#include "bench.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEMORY_SIZE      (16u << 20)
#define START_MAGIC      0x42484B44 /* PLATFORM_START_MAGIC */
#define CPUID_MAX        128
#define UART             0x3F8
#define UART_STATUS      0x3FD
#define STATUS_EMPTY     0x60
#define LINE_MAX_SIZE    256
#define TSS_ADDRESS      0xFFFBD000u /* three pages that the guest does not use */
#define ECX_TSC_DEADLINE (1u << 24)
#define ECX_HYPERVISOR   (1u << 31)

struct vcpu {
	int fd;
	int core;
	struct kvm_run *run;
	pthread_t thread;
};

static struct vcpu vcpus[VMM_VCPUS];
static uint8_t *memory;
static int kvm, vm;

static void must(int result, const char *what)
{
	if (result >= 0)
		return;
	printf("bench: vmm: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint32_t load_image(const char *path)
{
	const Elf64_Ehdr *header;
	const Elf64_Phdr *segments;
	static uint8_t file[1 << 20];
	int fd = open(path, O_RDONLY);

	must(fd, path);
	must((int)read(fd, file, sizeof(file)), path);
	close(fd);
	header = (const void *)file;
	segments = (const void *)(file + header->e_phoff);
	for (unsigned i = 0; i < header->e_phnum; i++)
		if (segments[i].p_type == PT_LOAD)
			memcpy(memory + segments[i].p_paddr, file + segments[i].p_offset,
			       segments[i].p_filesz);
	return (uint32_t)header->e_entry;
}

static void create_vm(void)
{
	struct kvm_userspace_memory_region region = {.memory_size = MEMORY_SIZE};

	kvm = open("/dev/kvm", O_RDWR);
	must(kvm, "/dev/kvm");
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	must(vm, "KVM_CREATE_VM");
	must(ioctl(vm, KVM_SET_TSS_ADDR, TSS_ADDRESS), "KVM_SET_TSS_ADDR");
	must(ioctl(vm, KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP");
	memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	region.userspace_addr = (uintptr_t)memory;
	must(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
}

/* All that KVM offers, with this vCPU's number where it belongs. */
static void set_cpuid(const struct vcpu *vcpu, uint32_t number)
{
	struct kvm_cpuid2 *list =
		calloc(1, sizeof(*list) + CPUID_MAX * sizeof(struct kvm_cpuid_entry2));

	if (list == NULL)
		exit(1);
	list->nent = CPUID_MAX;
	must(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, list), "KVM_GET_SUPPORTED_CPUID");
	for (unsigned i = 0; i < list->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &list->entries[i];

		if (entry->function == 1) {
			entry->ebx = (entry->ebx & 0xFFFFFF) | number << 24;
			entry->ecx |= ECX_TSC_DEADLINE | ECX_HYPERVISOR;
		} else if (entry->function == 0xB || entry->function == 0x1F) {
			entry->edx = number;
		}
	}
	must(ioctl(vcpu->fd, KVM_SET_CPUID2, list), "KVM_SET_CPUID2");
	free(list);
}

static void set_tsc(const struct vcpu *vcpu)
{
	uint64_t offset = 0;
	struct kvm_device_attr attribute = {
		.group = KVM_VCPU_TSC_CTRL,
		.attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uintptr_t)&offset,
	};

	must(ioctl(vcpu->fd, KVM_SET_DEVICE_ATTR, &attribute), "KVM_VCPU_TSC_OFFSET");
}

/* As Bulkhead starts an ELF image: 32-bit protected mode, flat segments. */
static void set_entry(const struct vcpu *vcpu, uint32_t entry)
{
	struct kvm_segment code = {.limit = UINT32_MAX,
				   .selector = 0x10,
				   .type = 0xB,
				   .present = 1,
				   .db = 1,
				   .s = 1,
				   .g = 1};
	struct kvm_segment data = code;
	struct kvm_regs registers = {.rax = START_MAGIC, .rsi = 1, .rip = entry, .rflags = 2};
	struct kvm_sregs system;

	data.selector = 0x18;
	data.type = 3;
	must(ioctl(vcpu->fd, KVM_GET_SREGS, &system), "KVM_GET_SREGS");
	system.cs = code;
	system.ds = system.es = system.ss = system.fs = system.gs = data;
	system.cr0 |= 1;
	must(ioctl(vcpu->fd, KVM_SET_SREGS, &system), "KVM_SET_SREGS");
	must(ioctl(vcpu->fd, KVM_SET_REGS, &registers), "KVM_SET_REGS");
}

static void create_vcpu(uint32_t number, int core)
{
	struct vcpu *vcpu = &vcpus[number];
	int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	vcpu->core = core;
	vcpu->fd = ioctl(vm, KVM_CREATE_VCPU, number);
	must(vcpu->fd, "KVM_CREATE_VCPU");
	vcpu->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	set_cpuid(vcpu, number);
	set_tsc(vcpu);
}

static void console_put(char character)
{
	static char line[LINE_MAX_SIZE];
	static unsigned length;

	if (character == '\r')
		return;
	if (length < sizeof(line) - 1)
		line[length++] = character;
	if (character != '\n')
		return;
	line[length] = '\0';
	fputs(line, stdout);
	fflush(stdout);
	length = 0;
	if (strncmp(line, "bench: done", 11) == 0)
		exit(0);
}

static void port_access(struct kvm_run *run)
{
	uint8_t *data = (uint8_t *)run + run->io.data_offset;

	if (run->io.direction == KVM_EXIT_IO_OUT) {
		if (run->io.port == UART)
			console_put((char)*data);
		return;
	}
	memset(data, 0xFF, run->io.size);
	if (run->io.port == UART_STATUS)
		*data = STATUS_EMPTY;
}

static void *run_vcpu(void *argument)
{
	struct vcpu *vcpu = argument;
	cpu_set_t cores;

	CPU_ZERO(&cores);
	CPU_SET(vcpu->core, &cores);
	must(sched_setaffinity(0, sizeof(cores), &cores), "sched_setaffinity");
	for (;;) {
		if (ioctl(vcpu->fd, KVM_RUN, 0) < 0) {
			/* EAGAIN: a vCPU that waited has been started */
			must(errno == EINTR || errno == EAGAIN ? 0 : -1, "KVM_RUN");
			continue;
		}
		if (vcpu->run->exit_reason == KVM_EXIT_IO) {
			port_access(vcpu->run);
		} else if (vcpu->run->exit_reason != KVM_EXIT_MMIO &&
			   vcpu->run->exit_reason != KVM_EXIT_INTR) {
			printf("bench: vmm: exit %u, hardware reason 0x%llx\n",
			       vcpu->run->exit_reason, vcpu->run->hw.hardware_exit_reason);
			exit(1);
		}
	}
	return NULL;
}

void vmm_run(const char *image, int first_core)
{
	uint32_t entry;

	create_vm();
	entry = load_image(image);
	for (uint32_t i = 0; i < VMM_VCPUS; i++)
		create_vcpu(i, first_core + (int)i);
	set_entry(&vcpus[0], entry);
	for (unsigned i = 1; i < VMM_VCPUS; i++)
		pthread_create(&vcpus[i].thread, NULL, run_vcpu, &vcpus[i]);
	run_vcpu(&vcpus[0]);
}
