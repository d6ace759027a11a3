/* SPDX-License-Identifier: Apache-2.0 */
/* For exceptions.S and exceptions.c: stubs of one size need no table of their addresses. */
#ifndef CPU_EXCEPTION_STUB_H
#define CPU_EXCEPTION_STUB_H

/* What the longest one takes: two short pushes and a near jump. */
#define EXCEPTION_STUB_SIZE 9

#endif
