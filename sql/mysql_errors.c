/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mysql_errors.c - what an error of MariaDB's or MySQL's means to a gateway.
 *
 * Their SQLSTATEs tell little (HY000 is most of them), so it is the numbers. An unknown one is
 * DB_BROKEN: nothing is lost by it, the connection is made anew every few seconds.
 */
#include "mysql_errors.h"

#include <string.h>

enum {
	SERVER_WRITES = 3,              /* of the server's own files: "Error writing file ... (Errcode: 28)" */
	CLIENT_ERRORS = 2000,           /* codes of the client library, up to 2999 */
	CLIENT_PACKET_TOO_LARGE = 2020,
};

/* Of the codes whose SQLSTATE does not tell it. */
static const struct { int code; enum db_result result; const char *remedy; } verdicts[] = {
	{ 1205, DB_AGAIN, "" }, { 1213, DB_AGAIN, "" }, { 1020, DB_AGAIN, "" }, { 1412, DB_AGAIN, "" },
	{ 1317, DB_AGAIN, "" }, { 1969, DB_AGAIN, "" }, { 3024, DB_AGAIN, "" }, { 1206, DB_AGAIN, "" },
	{ 1021, DB_AGAIN, ": the server's disk is full: free space there" },
	{ 1114, DB_AGAIN, ": is the server's disk full?" },
	{ 1030, DB_AGAIN, ": is the server's disk full, or broken?" },
	{ 1026, DB_AGAIN, ": is the server's disk full, or broken?" },
	{ SERVER_WRITES, DB_AGAIN, ": is the server's disk full, or broken?" },
	{ 1053, DB_LOST, "" }, { 1927, DB_LOST, "" }, { 1040, DB_LOST, ": raise max_connections" },
	{ 1203, DB_LOST, "" }, { 1226, DB_LOST, "" },
	/* While committing: whether it has, nobody knows. Of a full disk, or of a node of a cluster without the others. */
	{ 1180, DB_LOST, ": is the server's disk full, or broken?" }, { 3100, DB_LOST, "" }, { 1047, DB_LOST, "" },
	{ 1290, DB_LOST, ": the server is read-only: is it a replica?" }, { 1836, DB_LOST, "" },
	{ 1792, DB_LOST, "" }, { 1129, DB_LOST, ": FLUSH HOSTS on the server" },
	{ 1153, DB_REFUSED, ": raise max_allowed_packet" }, { 1265, DB_REFUSED, "" },
	{ 1300, DB_REFUSED, "" }, { 1366, DB_REFUSED, "" }, { 1364, DB_REFUSED, "" }, { 4025, DB_REFUSED, "" },
	{ 3819, DB_REFUSED, "" }, { 3140, DB_REFUSED, "" }, { 1411, DB_REFUSED, "" },
	{ 1044, DB_BROKEN, ": check the user's rights, and the name of the database" },
	{ 1045, DB_BROKEN, ": check the user and its password" },
	{ 1698, DB_BROKEN, ": check the user and how it identifies itself" },
	{ 1049, DB_BROKEN, ": create the database, or correct the url" },
	{ 1046, DB_BROKEN, ": the url names no database" },
	{ 1142, DB_BROKEN, ": GRANT SELECT, INSERT, UPDATE, DELETE, CREATE TEMPORARY TABLES on the database "
	    "to this user" },
	{ 1370, DB_BROKEN, ": GRANT EXECUTE on the database to this user" },
	{ 1419, DB_BROKEN, ": SET GLOBAL log_bin_trust_function_creators = 1 meanwhile" },
	{ 1146, DB_BROKEN, ": run smsqlctl init" },
	{ 1054, DB_BROKEN, ": the tables are of another version than this program" },
	{ 1305, DB_BROKEN, ": MariaDB 10.6 or MySQL 8.0.23 is the oldest that will do" },
};

enum db_result mysql_judge(int code, const char *state, const char **text)
{
	*text = "";
	for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++)
		if (verdicts[i].code == code) {
			*text = verdicts[i].remedy;
			return verdicts[i].result;
		}
	if (code == CLIENT_PACKET_TOO_LARGE)
		return DB_REFUSED;
	if (code >= CLIENT_ERRORS && code < CLIENT_ERRORS + 1000)
		return DB_LOST;
	if (strncmp(state, "08", 2) == 0)
		return DB_LOST;
	if (strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0)
		return DB_REFUSED;
	return strncmp(state, "40", 2) == 0 ? DB_AGAIN : DB_BROKEN;
}
