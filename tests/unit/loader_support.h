/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the loader tests share: a scenario of one VM, its images, and a look at the memory that the
 * planned placements make.
 *
 * Images lie on the heap in blocks of exactly their size, and host_pointer() is the identity, so the
 * sanitizer sees every read beyond an image. The VM's RAM is never touched by a loader.
 */
#ifndef LOADER_SUPPORT_H
#define LOADER_SUPPORT_H

#include "loader/loader.h"

#define IMAGE   0 /* index of the image among the modules */
#define RAMDISK 1

/* The VM under test: change what the test is about, then load(). Reset by loader_setup(). */
extern struct vm_config test_vm;
extern struct vcpu_config test_bsp;
extern struct memory_region test_memory[4];
extern struct boot_entry test_entry;
extern struct placement_list test_list;

/* cmocka's setup and teardown. RAM is 64 MiB from 0, with all rights; the protocol is raw. */
int loader_setup(void **state);
int loader_teardown(void **state);

/* Gives module IMAGE or RAMDISK these contents. */
void set_module(uint32_t module, const void *bytes, size_t size);

/* Runs loader_plan(). The log is cleared before. */
enum error load(void);

/* load() has to fail with this error and a message that names VM, image and `text`. */
void assert_refused(enum error error, const char *text);

/* What is at a guest-physical byte after placing: 0 .. 255, or -1 if no placement writes it. */
int placed_byte(gpa_t address);

/* The placed bytes at `address` are these. */
void assert_placed(gpa_t address, const void *bytes, size_t size);
/* All of the range is written with zeros. */
void assert_placed_zero(gpa_t address, size_t size);
/* Nothing is written in the range. */
void assert_not_placed(gpa_t address, size_t size);

/* No two placements write the same byte, and all of them go to RAM of the VM. */
void assert_placements_sound(void);

#endif
