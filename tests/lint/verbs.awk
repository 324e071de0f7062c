# SPDX-License-Identifier: MIT
# Prints what must be documented, one a line, with its place: FILE:LINE TAB what.
# From the verb table (dispatcher/cli/verbs.c): the words of each verb and the options of its
# synopsis; from the other files of the command line: each option's literal "--name".

FNR == 1 {
	is_table = FILENAME ~ /\/verbs\.c$/
}

{
	line = $0
	if (is_table && match(line, /^[ \t]*\{"[^"]+"/)) {
		words = substr(line, RSTART, RLENGTH)
		sub(/^[ \t]*\{"/, "", words)
		sub(/"$/, "", words)
		printf "%s:%d\tloa %s\n", FILENAME, FNR, words
	}
	while (match(line, /--[a-z][a-z0-9-]*/)) {
		option = substr(line, RSTART, RLENGTH)
		if (is_table || substr(line, RSTART - 1, 1) == "\"")
			printf "%s:%d\t%s\n", FILENAME, FNR, option
		line = substr(line, RSTART + RLENGTH)
	}
}
