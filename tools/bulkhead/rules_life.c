/* SPDX-License-Identifier: Apache-2.0 */
/* BH91xx: what becomes of VMs that end, and the images that they are started from again. */
#include <string.h>
#include <sys/stat.h>

#include "image.h"
#include "limits_life.h"
#include "rules_internal.h"

/* --- Restart needs images ----------------------------------------------------------------------- */

static void report_no_images(struct check *check, const struct vm *vm, struct place at,
			     const char *what)
{
	bool store = check->model->image_store.given;
	struct finding *finding =
		REPORT(check, at, "VM \"%s\": %s, but no images of it are kept", vm->name, what);

	if (store)
		NOTE(check, finding, vm->life.restartable_at, "the VM is taken out here");
	HELP(check, finding, "%s",
	     store ? "remove restartable = \"off\";"
		   : "set memory aside for them: image-store { size = <0 MiB(32)>; };");
}

void rule_restart_images(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		const struct vm_life *life = &vm->life;

		if (life->restartable && check->model->image_store.given)
			continue;
		if (life->restartable)
			report_no_images(check, vm, life->restartable_at, "it is restartable");
		if (life->on_reset_at.line && life->on_reset == LIFE_RESTART)
			report_no_images(check, vm, life->on_reset_at, "a reset restarts it");
		if (life->on_crash == LIFE_RESTART)
			report_no_images(check, vm, life->on_crash_at, "a crash restarts it");
	}
}

/* --- Ranges ------------------------------------------------------------------------------------- */

static void need_range(struct check *check, const struct vm *vm, const struct number *number,
		       const char *name, uint64_t most)
{
	if (!number->given || (number->value >= 1 && number->value <= most))
		return;
	struct finding *finding =
		REPORT(check, number->at, "VM \"%s\": %s %" PRIu64 " is not between 1 and %" PRIu64,
		       vm->name, name, number->value, most);
	HELP(check, finding, "leave it out%s",
	     number == &vm->life.watchdog ? " for a VM without a watchdog" : " for the default");
}

void rule_life_range(struct check *check)
{
	FOR_EACH_VM(check, vm) {
		need_range(check, vm, &vm->life.restart_limit, "restart-limit", RESTART_LIMIT_MAX);
		need_range(check, vm, &vm->life.restart_window, "restart-window-seconds",
			   LIFE_SECONDS_MAX);
		need_range(check, vm, &vm->life.watchdog, "watchdog-seconds", LIFE_SECONDS_MAX);
	}
}

/* --- The store's place -------------------------------------------------------------------------- */

static void report_overlap(struct check *check, const struct claim *claim,
			   const struct claim *obstacle)
{
	struct finding *finding = REPORT(check, claim->at, "image store: %s meets %s",
					 span_text(check->arena, claim->span), obstacle->what);

	NOTE(check, finding, obstacle->at, "%s is %s", obstacle->what,
	     span_text(check->arena, obstacle->span));
	HELP(check, finding, "leave out host and let the tool choose");
}

static void look_at_place(struct check *check, const struct image_store *store)
{
	struct claims others =
		board_claims(check, 1u << BOARD_RESERVED | 1u << BOARD_HYPERVISOR |
					    1u << BOARD_TRAMPOLINE | 1u << BOARD_CRASH_RECORD);
	struct claims own = {NULL, 0};
	struct span span;

	if (!span_make(store->host.value, store->size.value, &span)) {
		REPORT(check, store->host.at, "image store: it goes beyond 2^64");
		return;
	}
	if (!inside_ram(check, span)) {
		struct finding *finding =
			REPORT(check, store->host.at,
			       "image store: %s is not inside one RAM range of the board",
			       span_text(check->arena, span));
		HELP(check, finding, "leave out host and let the tool choose");
		return;
	}
	claims_add(check->arena, &own,
		   (struct claim){span, 0, CLAIM_ALONE, "image-store", store->host.at});
	claims_against(check, &own, &others, report_overlap);
}

/* With an address it is a range like the board's, about which the rules on those speak. */
static void report_size(struct check *check, const struct image_store *store)
{
	if (store->host.given)
		return;
	struct finding *finding = REPORT(
		check, store->size.at, "image store: the size 0x%" PRIx64 " is %s",
		store->size.value, store->size.value ? "not a multiple of 4 KiB" : "no size");
	HELP(check, finding, "numbers of two cells have the high one first: 16 MiB is <0 MiB(16)>");
}

static void report_homeless(struct check *check, const struct image_store *store)
{
	struct free_range largest = check->placement->store_largest;
	struct finding *finding = REPORT(
		check, store->size.at,
		"image store: no room for its %s: the largest free range has %s",
		size_text(check->arena, store->size.value), size_text(check->arena, largest.size));

	HELP(check, finding, "make it smaller, or leave more RAM without an owner");
}

void rule_image_store(struct check *check)
{
	const struct image_store *store = &check->model->image_store;

	if (!store->given || !store->size.given)
		return;
	if (!store->size.value || store->size.value % PAGE_SIZE_4K) {
		report_size(check, store);
		return;
	}
	if (store->host.value % PAGE_SIZE_4K) /* reported as everybody's */
		return;
	if (check->placement->store_homeless)
		report_homeless(check, store);
	else if (store->host.given)
		look_at_place(check, store);
}

/* --- Its size ----------------------------------------------------------------------------------- */

static bool is_named(const struct text *text, const struct module *module)
{
	return text->value && !strcmp(text->value, module->name);
}

static bool boots_from(const struct vm *vm, const struct module *module)
{
	for (unsigned i = 0; i < vm->boot_module_count; i++)
		if (is_named(&vm->boot_modules[i].name, module))
			return true;
	return is_named(&vm->image, module) ||
	       (vm->protocol == BOOT_LINUX && is_named(&vm->ramdisk, module));
}

static bool keeps(const struct model *model, const struct module *module)
{
	for (unsigned i = 0; i < model->vm_count; i++) {
		const struct vm *vm = &model->vms[i];

		if (vm->life.restartable && boots_from(vm, module))
			return true;
	}
	return false;
}

/* Only with --modules; the hypervisor compares again at boot. */
void rule_image_store_room(struct check *check)
{
	const struct model *model = check->model;
	const struct image_store *store = &model->image_store;
	uint64_t needed = 0;
	unsigned files = 0;

	for (unsigned i = 0; check->module_folder && i < model->module_count; i++) {
		struct stat status;

		if (!keeps(model, &model->modules[i]) ||
		    stat(module_path(check, &model->modules[i]), &status))
			continue;
		needed += ((uint64_t)status.st_size + PAGE_SIZE_4K - 1) & ~(PAGE_SIZE_4K - 1);
		files++;
	}
	if (!store->given || !store->size.given || needed <= store->size.value)
		return;
	struct finding *finding = REPORT(
		check, store->size.at,
		"image store: %s do not hold the %u images of restartable VMs, which take %s",
		size_text(check->arena, store->size.value), files, size_text(check->arena, needed));
	HELP(check, finding, "write size = <0x%x 0x%x>;", (unsigned)(needed >> 32),
	     (unsigned)needed);
}

/* --- Needless ----------------------------------------------------------------------------------- */

static bool any_restartable(const struct model *model)
{
	for (unsigned i = 0; i < model->vm_count; i++)
		if (model->vms[i].life.restartable)
			return true;
	return false;
}

static void look_at_limit(struct check *check, const struct vm *vm, const struct number *number,
			  const char *name)
{
	if (!number->given)
		return;
	struct finding *finding =
		REPORT(check, number->at,
		       "VM \"%s\": %s has no effect, as neither reset nor crash restarts it",
		       vm->name, name);
	HELP(check, finding, "remove it, or say on-crash = \"restart\";");
}

void rule_life_unused(struct check *check)
{
	const struct image_store *store = &check->model->image_store;

	if (store->given && !any_restartable(check->model)) {
		struct finding *finding =
			REPORT(check, store->at, "image store: no VM is restartable");
		HELP(check, finding, "remove it");
	}
	FOR_EACH_VM(check, vm) {
		if (vm->life.on_reset == LIFE_RESTART || vm->life.on_crash == LIFE_RESTART)
			continue;
		look_at_limit(check, vm, &vm->life.restart_limit, "restart-limit");
		look_at_limit(check, vm, &vm->life.restart_window, "restart-window-seconds");
	}
}
