/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/placement.h"

#include "lib/log.h"

enum error placement_add(struct placement_list *list, const struct placement *placement)
{
	if (placement->length == 0)
		return ERROR_OK;
	if (placement->length > UINT64_MAX - placement->destination) {
		log_error("placement: 0x%lx bytes to 0x%lx wrap around", placement->length,
			  placement->destination);
		return ERROR_GUEST_ADDRESS;
	}
	if (list->count == PLACEMENT_CAPACITY) {
		log_error(
			"placement: more than %u pieces of guest images: raise CONFIG_MAX_MODULES",
			(unsigned)PLACEMENT_CAPACITY);
		return ERROR_CAPACITY;
	}
	list->entries[list->count++] = *placement;
	return ERROR_OK;
}

enum error placement_add_copy(struct placement_list *list, uint32_t module, uint64_t offset,
			      uint64_t length, hpa_t destination)
{
	return placement_add(list, &(struct placement){
					   .kind = PLACEMENT_MODULE,
					   .module = module,
					   .offset = offset,
					   .destination = destination,
					   .length = length,
				   });
}

enum error placement_add_bytes(struct placement_list *list, const void *constant_bytes,
			       uint64_t length, hpa_t destination)
{
	return placement_add(list, &(struct placement){
					   .kind = PLACEMENT_BYTES,
					   .bytes = constant_bytes,
					   .destination = destination,
					   .length = length,
				   });
}

enum error placement_add_zero(struct placement_list *list, uint64_t length, hpa_t destination)
{
	return placement_add(list, &(struct placement){
					   .kind = PLACEMENT_ZERO,
					   .destination = destination,
					   .length = length,
				   });
}
