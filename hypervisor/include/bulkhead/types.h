/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address types shared by the scenario compiler and the hypervisor.
 *
 * All three are byte addresses. The hypervisor maps memory one to one, so an hpa_t may be turned into
 * a pointer; a gpa_t never may: it has to go through a checked accessor of its VM.
 */
#ifndef BULKHEAD_TYPES_H
#define BULKHEAD_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t hpa_t; /* host-physical address */
typedef uint64_t gpa_t; /* guest-physical address */
typedef uint64_t gva_t; /* guest-linear address, before the guest's own page tables */

#define PAGE_SIZE_4K UINT64_C(0x1000)
#define PAGE_SIZE_2M UINT64_C(0x200000)
#define PAGE_SIZE_1G UINT64_C(0x40000000)

#endif
