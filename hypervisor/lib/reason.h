/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a row of a policy table is there. It is for who reads the table, so that only its presence is in the image:
 * a row without a reason is one that was forgotten.
 */
#ifndef LIB_REASON_H
#define LIB_REASON_H

#include <stdbool.h>

typedef bool reason_given;

#define REASON(text) (sizeof(text) > sizeof(""))

#endif
