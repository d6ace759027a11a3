/* SPDX-License-Identifier: Apache-2.0 */
#include "bulkhead/register_names.h"

const char register_names[REGISTER_NAME_COUNT][sizeof("rax")] = {
	"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
	"r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
