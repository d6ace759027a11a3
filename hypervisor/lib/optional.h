/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts that an image has only if its scenario uses them: loaders, virtual devices, PCI. The scenario compiler
 * names their functions in layout.lds, and the linker takes them and what they need out of an archive. In an
 * image without such a part its functions are NULL; who calls them knows from the scenario that they are there,
 * or asks: IF_PRESENT().
 */
#ifndef LIB_OPTIONAL_H
#define LIB_OPTIONAL_H

#define OPTIONAL __attribute__((weak))

/* IF_PRESENT(function, arguments ...) calls it if the image has it. */
#define IF_PRESENT(function, ...)              \
	do {                                   \
		if (function)                  \
			function(__VA_ARGS__); \
	} while (0)

#endif
