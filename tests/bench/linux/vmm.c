/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest user of /dev/kvm: RAM from 0, vCPUs pinned to cores, the kernel's interrupt controllers and
 * timer. The guest's TSC is the host's, so that all partitions agree on the phases of the neighbours, and a
 * start can be timed from outside.
 */
#include "vmm.h"
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define CPUID_MAX        128
#define LINE_MAX_SIZE    256
#define LARGE_PAGE       (2u << 20)
#define TSS_ADDRESS      0xFFFBD000u /* three pages that no guest uses */
#define ECX_TSC_DEADLINE (1u << 24)
#define ECX_HYPERVISOR   (1u << 31)

struct vcpu {
	int fd;
	int core;
	struct kvm_run *run;
	pthread_t thread;
};

static struct vcpu vcpus[VMM_VCPUS];
static const struct vmm_guest *guest;
static int kvm, vm;

int vmm_must(int result, const char *what)
{
	if (result >= 0)
		return result;
	printf("bench: vmm: %s: %s\n", what, strerror(errno));
	exit(1);
}

uint32_t vmm_read_file(const char *path, uint8_t *at, uint32_t room)
{
	int fd = vmm_must(open(path, O_RDONLY), path);
	uint32_t size = 0;
	int got;

	while ((got = vmm_must((int)read(fd, at + size, room - size), path)) > 0)
		size += (uint32_t)got;
	close(fd);
	return size;
}

static void create_vm(void)
{
	struct kvm_pit_config timer = {0};

	kvm = vmm_must(open("/dev/kvm", O_RDWR), "/dev/kvm");
	vm = vmm_must(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	vmm_must(ioctl(vm, KVM_SET_TSS_ADDR, TSS_ADDRESS), "KVM_SET_TSS_ADDR");
	vmm_must(ioctl(vm, KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP");
	if (guest->timer)
		vmm_must(ioctl(vm, KVM_CREATE_PIT2, &timer), "KVM_CREATE_PIT2");
}

/* In large pages, as a user of KVM would have it. */
static uint8_t *create_memory(void)
{
	struct kvm_userspace_memory_region region = {.memory_size = guest->memory_size};
	uint8_t *memory = mmap(NULL, guest->memory_size + LARGE_PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memory += -(uintptr_t)memory % LARGE_PAGE;
	madvise(memory, guest->memory_size, MADV_HUGEPAGE);
	for (uint32_t at = 0; at < guest->memory_size; at += 4096)
		memory[at] = 0;
	region.userspace_addr = (uintptr_t)memory;
	vmm_must(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
	return memory;
}

/* All that KVM offers, with this vCPU's number where it belongs. */
static void set_cpuid(const struct vcpu *vcpu, uint32_t number)
{
	struct kvm_cpuid2 *list =
		calloc(1, sizeof(*list) + CPUID_MAX * sizeof(struct kvm_cpuid_entry2));

	if (list == NULL)
		exit(1);
	list->nent = CPUID_MAX;
	vmm_must(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, list), "KVM_GET_SUPPORTED_CPUID");
	for (unsigned i = 0; i < list->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &list->entries[i];

		if (entry->function == 1) {
			entry->ebx = (entry->ebx & 0xFFFFFF) | number << 24;
			entry->ecx |= ECX_TSC_DEADLINE | ECX_HYPERVISOR;
		} else if (entry->function == 0xB || entry->function == 0x1F) {
			entry->edx = number;
		}
	}
	vmm_must(ioctl(vcpu->fd, KVM_SET_CPUID2, list), "KVM_SET_CPUID2");
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

	vmm_must(ioctl(vcpu->fd, KVM_SET_DEVICE_ATTR, &attribute), "KVM_VCPU_TSC_OFFSET");
}

/* As Bulkhead starts an ELF image or a kernel: 32-bit protected mode, flat segments. */
static void set_entry(const struct vcpu *vcpu, const struct vmm_entry *entry)
{
	struct kvm_segment code = {.limit = UINT32_MAX,
				   .selector = 0x10,
				   .type = 0xB,
				   .present = 1,
				   .db = 1,
				   .s = 1,
				   .g = 1};
	struct kvm_segment data = code;
	struct kvm_regs registers = {
		.rax = entry->rax, .rsi = entry->rsi, .rip = entry->rip, .rflags = 2};
	struct kvm_sregs system;

	data.selector = 0x18;
	data.type = 3;
	vmm_must(ioctl(vcpu->fd, KVM_GET_SREGS, &system), "KVM_GET_SREGS");
	system.cs = code;
	system.ds = system.es = system.ss = system.fs = system.gs = data;
	system.cr0 |= 1;
	vmm_must(ioctl(vcpu->fd, KVM_SET_SREGS, &system), "KVM_SET_SREGS");
	vmm_must(ioctl(vcpu->fd, KVM_SET_REGS, &registers), "KVM_SET_REGS");
}

static void create_vcpu(uint32_t number, int core)
{
	struct vcpu *vcpu = &vcpus[number];
	int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	vcpu->core = core;
	vcpu->fd = vmm_must(ioctl(vm, KVM_CREATE_VCPU, number), "KVM_CREATE_VCPU");
	vcpu->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	set_cpuid(vcpu, number);
	set_tsc(vcpu);
}

void vmm_irq(uint32_t line, bool high)
{
	struct kvm_irq_level level = {.irq = line, .level = high};

	vmm_must(ioctl(vm, KVM_IRQ_LINE, &level), "KVM_IRQ_LINE");
}

void vmm_console_put(char character, const char *last)
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
	if (strncmp(line, last, strlen(last)) == 0)
		exit(0);
}

/* REP INS and OUTS come as several accesses at once. */
static void port_access(struct kvm_run *run)
{
	uint8_t *data = (uint8_t *)run + run->io.data_offset;

	for (uint32_t i = 0; i < run->io.count; i++, data += run->io.size) {
		if (run->io.direction == KVM_EXIT_IO_OUT) {
			guest->port_write(run->io.port, data, run->io.size);
			continue;
		}
		memset(data, 0xFF, run->io.size);
		guest->port_read(run->io.port, data, run->io.size);
	}
}

/* Physical addresses without a device read as all ones. */
static void memory_access(struct kvm_run *run)
{
	if (!run->mmio.is_write)
		memset(run->mmio.data, 0xFF, sizeof(run->mmio.data));
}

static void *run_vcpu(void *argument)
{
	struct vcpu *vcpu = argument;
	cpu_set_t cores;

	CPU_ZERO(&cores);
	CPU_SET(vcpu->core, &cores);
	vmm_must(sched_setaffinity(0, sizeof(cores), &cores), "sched_setaffinity");
	for (;;) {
		if (ioctl(vcpu->fd, KVM_RUN, 0) < 0) {
			/* EAGAIN: a vCPU that waited has been started */
			vmm_must(errno == EINTR || errno == EAGAIN ? 0 : -1, "KVM_RUN");
			continue;
		}
		if (vcpu->run->exit_reason == KVM_EXIT_IO) {
			port_access(vcpu->run);
		} else if (vcpu->run->exit_reason == KVM_EXIT_MMIO) {
			memory_access(vcpu->run);
		} else if (vcpu->run->exit_reason != KVM_EXIT_INTR) {
			printf("bench: vmm: exit %u, hardware reason 0x%llx\n",
			       vcpu->run->exit_reason, vcpu->run->hw.hardware_exit_reason);
			exit(1);
		}
	}
	return NULL;
}

void vmm_run(const struct vmm_guest *description)
{
	struct vmm_entry entry;

	guest = description;
	create_vm();
	entry = guest->load(create_memory(), guest->memory_size);
	for (uint32_t i = 0; i < guest->vcpu_count; i++)
		create_vcpu(i, guest->first_core + (int)i);
	set_entry(&vcpus[0], &entry);
	for (unsigned i = 1; i < guest->vcpu_count; i++)
		pthread_create(&vcpus[i].thread, NULL, run_vcpu, &vcpus[i]);
	printf("work: start tsc=%lu\n", tsc_read());
	fflush(stdout);
	run_vcpu(&vcpus[0]);
	__builtin_unreachable();
}
