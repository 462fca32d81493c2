/* SPDX-License-Identifier: Apache-2.0 */
/* sim_cimd2.c - CIMD2 on a session: not spoken yet. */
#include "sim_dialect.h"

const struct dialect dialect_cimd2 = { .name = "cimd2" };
