/* SPDX-License-Identifier: Apache-2.0 */
/* mysql_errors.h - what an error of MariaDB's or MySQL's means to a gateway. */
#ifndef MYSQL_ERRORS_H
#define MYSQL_ERRORS_H

#include "engine.h"

/* By the number, of server or client library, and the SQLSTATE. *text is what somebody can do about
 * it, to be put behind the words of the server; "" when these have to do. */
enum db_result mysql_judge(int code, const char *state, const char **text);

#endif
