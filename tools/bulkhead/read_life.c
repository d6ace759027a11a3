/* SPDX-License-Identifier: Apache-2.0 */
/* Life cycle of VMs, and the images that they are restarted from. */
#include "read_internal.h"
#include "schema.h"

#define RESTART_LIMIT_DEFAULT  5
#define RESTART_WINDOW_DEFAULT 60 /* seconds */

static struct place place_of(const struct tree_node *node, const char *name)
{
	const struct tree_property *property = tree_property(node, name);

	return property ? property->at : (struct place){0};
}

static enum life_action action_of(const struct tree_node *node, const char *name,
				  unsigned otherwise)
{
	static const enum life_action actions[] = {
		[CHOICE_STOP] = LIFE_STOP,
		[CHOICE_RESTART] = LIFE_RESTART,
		[CHOICE_HALT_MACHINE] = LIFE_HALT_MACHINE,
	};

	return actions[read_choice(node, name, otherwise)];
}

void read_image_store(struct reader *reader)
{
	const struct tree_node *node = tree_child(reader->tree.root, "image-store");
	struct board *board = &reader->model->board;
	struct image_store *store = &reader->model->image_store;

	if (!node)
		return;
	*store = (struct image_store){
		.given = true,
		.size = read_number(node, "size"),
		.host = read_number(node, "host"),
		.host_unusable = tree_property(node, "host") && !read_given(node, "host"),
		.at = node->at,
	};
	if (!store->host.given || !store->size.given)
		return;
	*ARENA_PUSH(reader->arena, board->ranges, board->range_count) = (struct board_range){
		.name = node->name,
		.kind = BOARD_IMAGE_STORE,
		.range = {store->host, store->size, store->at},
	};
}

void read_life(const struct reader *reader, const struct tree_node *node, struct vm_life *life)
{
	unsigned otherwise = reader->model->image_store.given ? CHOICE_ON : CHOICE_OFF;

	life->restartable = read_choice(node, "restartable", otherwise) == CHOICE_ON;
	life->restartable_at = place_of(node, "restartable");
	life->on_reset =
		action_of(node, "on-reset", life->restartable ? CHOICE_RESTART : CHOICE_STOP);
	life->on_crash = action_of(node, "on-crash", CHOICE_STOP);
	life->on_reset_at = place_of(node, "on-reset");
	life->on_crash_at = place_of(node, "on-crash");
	life->restart_limit = read_number(node, "restart-limit");
	life->restart_window = read_number(node, "restart-window-seconds");
	life->watchdog = read_number(node, "watchdog-seconds");
	if (life->on_reset != LIFE_RESTART && life->on_crash != LIFE_RESTART)
		return;
	if (!life->restart_limit.given)
		life->restart_limit.value = RESTART_LIMIT_DEFAULT;
	if (!life->restart_window.given)
		life->restart_window.value = RESTART_WINDOW_DEFAULT;
}
