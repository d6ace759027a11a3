/* SPDX-License-Identifier: Apache-2.0 */
#include "guest.h"

const uint16_t uart_port = 0x3F8;
