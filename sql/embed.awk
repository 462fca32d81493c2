# SPDX-License-Identifier: Apache-2.0
# embed.awk - turns a schema.sql and a statements.sql into C, so that the SQL stays
# readable as SQL.
#
#   awk -v engine=pgsql -f embed.awk schema.sql statements.sql > pgsql_sql.c
#
# In statements.sql a line `-- :NAME` begins the statement STATEMENT_NAME; other
# comment lines and empty lines are for the reader and left out.

function quoted(line) {
	gsub(/\\/, "\\\\", line)
	gsub(/"/, "\\\"", line)
	gsub(/\?/, "\\?", line)
	return "\"" line "\\n\""
}

BEGIN {
	print "/* Made by embed.awk from the SQL of " engine ". */"
	print "#include \"sql/engine.h\"\n"
	print "extern const char " engine "_schema[];"
	print "extern const char *const " engine "_statements[STATEMENT_COUNT];\n"
	print "const char " engine "_schema[] ="
}

FNR == 1 && NR > 1 {
	print ";\n\nconst char *const " engine "_statements[STATEMENT_COUNT] = {"
	statements = 1
}

!statements {
	print "\t" quoted($0)
	next
}

/^-- :[A-Z_]+/ {
	if (open)
		print "\t    ,"
	sub(/^-- :/, "")
	print "\t[STATEMENT_" $1 "] ="
	open = 1
	next
}

/^[ \t]*--/ || /^[ \t]*$/ { next }

open { print "\t    " quoted($0) }

END {
	if (open)
		print "\t    ,"
	print "};"
}
