/* SPDX-License-Identifier: Apache-2.0 */
/* What the steps of reading share; for read*.c and schema.c only. */
#ifndef BULKHEAD_TOOL_READ_INTERNAL_H
#define BULKHEAD_TOOL_READ_INTERNAL_H

#include "read.h"
#include "rules.h"
#include "tree.h"

/* Where a line of the preprocessor's output came from. */
struct line_origin {
	const char *file;
	unsigned line;
};

struct reader {
	const char *file;
	const struct read_options *options;
	struct arena *arena;
	struct sources *sources;
	struct diagnostics *diagnostics;
	struct model *model;
	/*
	 * What cpp wrote, with its line markers blanked: dtc then reports plain positions in this text,
	 * and no file name has to be parsed out of its output.
	 */
	struct source_file *preprocessed;
	struct line_origin *origins; /* one for each line of preprocessed */
	struct tree tree;
};

/* read_cpp.c */
enum read_status read_preprocess(struct reader *reader);

/* read_dtc.c: runs dtc, reports its errors, fills reader->tree. */
enum read_status read_device_tree(struct reader *reader);

/* read_annotated.c: the tree's nodes, properties and places from `dtc -T -T -O dts`. */
bool read_annotated(struct reader *reader, const char *text, size_t size);

/* read_values.c: one value of a property, as found in device-tree source. */
struct value_token {
	enum value_kind kind;
	size_t offset;
	size_t length;
};

struct value_tokens {
	struct value_token *tokens;
	unsigned count;
	bool irregular; /* /bits/, /incbin/ or the like: offsets into the data are unknown */
};

/* The values of the property whose name ends before offset `at`. */
struct value_tokens read_value_tokens(struct arena *arena, const struct source_file *file,
				      size_t at);
/* Fills in the property's values; at: offset of its name in the preprocessed text. */
void read_values(struct reader *reader, struct tree_property *property, size_t at,
		 const uint8_t *data, size_t size);
/* The place of the value that an offset in the preprocessed text lies in; false if it lies in none. */
bool read_value_place(struct reader *reader, size_t offset, struct place *place);

/* read_locate.c: from the preprocessed text back to the source. */
size_t preprocessed_offset(const struct reader *reader, unsigned line, unsigned column);
/* The place in the source of a token of the preprocessed text; its line if it came from a macro. */
struct place read_place(struct reader *reader, size_t offset, size_t length);
/* Offset of a token in the source file; false if it came from a macro. */
bool read_source_offset(struct reader *reader, size_t offset, size_t length,
			const struct source_file **file, size_t *source_offset);
/* The name of the node whose opening brace is at the offset. */
void read_node_name(const struct reader *reader, size_t brace, size_t *offset, size_t *length);
bool is_name_character(char c);

/* read_twice.c: what stands twice within the same braces. */
void read_check_twice(struct reader *reader);

/* read_schema.c: unknown, missing, ill-typed. */
void read_check_schema(struct reader *reader);
/* Whether the node has the property, or an unknown one (reported) that was most likely meant to be it. */
bool read_meant(const struct tree_node *node, const char *name);

/* read_delete.c: /delete-node/ and /delete-property/ of what is not there, which dtc accepts. */
void read_check_deletions(struct reader *reader);

/* read_board.c, read_vms.c: from the checked tree to the model. */
void read_board(struct reader *reader);
void read_vms(struct reader *reader);
void read_modules(struct reader *reader);
void read_shares(struct reader *reader);

/* read_life.c; the image store before the VMs, and after the board, of which it becomes a range. */
void read_image_store(struct reader *reader);
void read_console(struct reader *reader);
void read_life(const struct reader *reader, const struct tree_node *node, struct vm_life *life);

/* read_pci.c */
struct pci_address {
	unsigned bus, device, function;
};
/* "00:02.0"; false if it is no such address. */
bool read_pci_address(const char *text, struct pci_address *address);
/* After the devices of the board: each function becomes one of them. */
void read_pci(struct reader *reader, struct tree_node *node);
/* The pages of the VM's PCI functions, without what it has already. */
void read_pci_memory(struct reader *reader, struct vm *vm);

/* read_take.c: typed values of a property that fits the schema; "not given" otherwise. */
struct number read_number(const struct tree_node *node, const char *name);
struct text read_text(const struct tree_node *node, const char *name);
uint32_t read_cell(const struct tree_node *node, const char *name, uint32_t otherwise);
bool read_given(const struct tree_node *node, const char *name);
struct text *read_texts(struct reader *reader, const struct tree_node *node, const char *name,
			unsigned *count);
/* Index of what the property refers to, if it is of that kind; UINT32_MAX otherwise. */
uint32_t read_target(struct reader *reader, const struct tree_node *node, const char *name,
		     const struct schema_node *kind);
/* A flag counts also when it has a value, which is an error that was reported. */
bool read_flag(const struct tree_node *node, const char *name);
struct number *read_cells(struct reader *reader, const struct tree_node *node, const char *name,
			  unsigned *count);
/* Pairs of numbers of `cells` cells each. */
struct range *read_ranges(struct reader *reader, const struct tree_node *node, const char *name,
			  unsigned cells, unsigned *count);
/* The index of a CHOICE property's string in its list; `otherwise` when not given. */
unsigned read_choice(const struct tree_node *node, const char *name, unsigned otherwise);
/* The unit address as a number; not given when there is none or it is malformed. */
struct number read_unit_address(const struct tree_node *node);

#define READ_REPORT(reader, id, at, ...) \
	diagnostics_add((reader)->diagnostics, &rules[id], (at), __VA_ARGS__)

#endif
