/* SPDX-License-Identifier: Apache-2.0 */
/* For exceptions.S and exceptions.c: stubs of one size need no table of their addresses. */
#ifndef CPU_EXCEPTION_STUB_H
#define CPU_EXCEPTION_STUB_H

/* A short push and a short jump. */
#define EXCEPTION_STUB_SIZE 4

#endif
