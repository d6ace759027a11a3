/* SPDX-License-Identifier: Apache-2.0 */
/* How often a VM may begin again. Only in an image with a restartable VM. */
#include "vm/life.h"
#include "vm/vcpu.h"

bool life_restart_is_allowed(struct vm *vm)
{
	const struct life_config *life = &vm->config->life;

	if (life_window_is_new(&vm->restart_window, life->restart_window_seconds))
		vm->restarts_in_window = 0;
	if (vm->restarts_in_window < life->restart_limit) {
		vm->restarts_in_window++;
		return true;
	}
	log_error("VM \"%s\" was restarted %u times within %u s and stays stopped",
		  vm->config->name, life->restart_limit, life->restart_window_seconds);
	return false;
}
