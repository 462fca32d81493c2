#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# cimd2.sh - links of CIMD2.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
. tests/e2e/judge.sh
PROTOCOL=cimd2 CANCELLABLE='cancel_enabled = on' REFUSED='100'
IS_SUBMIT='cimd.opcode == 3' IS_DELIVERY='cimd.opcode == 20' IS_KEEPALIVE='cimd.opcode == 40'
. tests/e2e/older.sh

cases_of_both
finish
