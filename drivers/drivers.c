/* SPDX-License-Identifier: Apache-2.0 */
/* drivers.c - the protocols compiled in. A new one adds two lines. */
#include "../gateway/driver.h"

extern const struct driver smpp_driver;
extern const struct driver ucp_driver;
extern const struct driver cimd2_driver;
extern const struct driver modem_driver;
extern const struct driver loop_driver;

const struct driver *const drivers[] = {
	&smpp_driver,
	&ucp_driver,
	&cimd2_driver,
	&modem_driver,
	&loop_driver,
	NULL,
};
