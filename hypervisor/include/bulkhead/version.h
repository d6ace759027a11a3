/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BULKHEAD_VERSION_H
#define BULKHEAD_VERSION_H

/* Of the hypervisor and of the scenario compiler, which belong together. */
#define BULKHEAD_VERSION "0.1.0"

#endif
