# SPDX-License-Identifier: Apache-2.0
# embed.awk - turns the SQL of an engine into C, so that it stays readable as SQL.
#
#   awk -v engine=pgsql -f embed.awk schema.sql upgrade_2.sql statements.sql > pgsql_sql.c
#
# Each file but statements.sql becomes one text, pgsql_schema, pgsql_upgrade_2. In
# statements.sql a line `-- :NAME` begins the statement STATEMENT_NAME; other comment
# lines and empty lines are for the reader and left out.

function quoted(line) {
	gsub(/\\/, "\\\\", line)
	gsub(/"/, "\\\"", line)
	gsub(/\?/, "\\?", line)
	return "\"" line "\\n\""
}

BEGIN {
	print "/* Made by embed.awk from the SQL of " engine ". */"
	print "#include \"sql/engine.h\"\n"
	print "extern const char *const " engine "_statements[STATEMENT_COUNT];"
}

FNR == 1 {
	if (NR > 1)
		print ";\n"
	name = FILENAME
	sub(/.*\//, "", name)
	sub(/\.sql$/, "", name)
	statements = name == "statements"
	if (statements)
		print "const char *const " engine "_statements[STATEMENT_COUNT] = {"
	else
		print "extern const char " engine "_" name "[];\nconst char " engine "_" name "[] ="
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
