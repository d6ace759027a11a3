/* SPDX-License-Identifier: Apache-2.0 */
/* What cores of other VMs may use of a vCPU and a VM (vm/vcpu.h). */
#include "lib/section.h"
#include "vm/monitor.h"
#include "vm/vcpu.h"

uint32_t vcpu_request_words[CONFIG_MAX_VCPUS] SHARED_DATA;
struct monitor_header monitor_header MONITOR_DATA("0");
