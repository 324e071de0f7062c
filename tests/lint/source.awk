# SPDX-License-Identifier: MIT
# Reads C files as text (comments and literals taken out, no parsing) and prints one line per
# finding: file:line: rule: why. A rule is broken on purpose where the same line or the line above
# has a comment "lint: RULE: why". What belongs where is data: the tables include and third-party.
# usage: awk -v tables=tests/lint -f source.awk FILE…

BEGIN {
	split("strcpy strcat sprintf vsprintf strtok gets atoi alloca localtime gmtime system popen " \
		"rand srand signal sleep usleep", list, " ")
	for (i in list)
		banned[list[i]] = 1
	read_table(tables "/include", may_include)
	read_table(tables "/third-party", may_use)
}

# "name: words" → table[name] = " words "
function read_table(path, table,    line, at) {
	while ((getline line <path) > 0) {
		if (line ~ /^#/ || line !~ /:/)
			continue
		at = index(line, ":")
		table[substr(line, 1, at - 1)] = table[substr(line, 1, at - 1)] substr(line, at + 1) " "
	}
	close(path)
}

function finding(rule, why) {
	if (allowed[rule] != FNR && allowed[rule] != FNR - 1)
		printf "%s:%d: %s: %s\n", FILENAME, FNR, rule, why
}

# The folder whose row in the table include holds for a path: the longest that has one.
function folder_of(path,    f) {
	f = path
	sub(/\.[a-z]+$/, "", f)
	while (!(f in may_include) && f ~ /\//)
		sub(/\/[^\/]*$/, "", f)
	return (f in may_include) ? f : ""
}

# Is path one of the words, or in a folder that is one of them? "-x" takes x out again.
function is_among(path, words,    n, w, i, yes, name, is_not) {
	n = split(words, w, " ")
	for (i = 1; i <= n; i++) {
		is_not = w[i] ~ /^-/
		name = substr(w[i], is_not ? 2 : 1)
		if (path == name || index(path, name "/") == 1 || index(path, name ".") == 1)
			yes = !is_not
	}
	return yes
}

function check_include(    path, folder, key, h) {
	if (match($0, /"[^"]+"/)) {
		path = substr($0, RSTART + 1, RLENGTH - 2)
		folder = folder_of(FILENAME)
		if (path !~ /\//)
			finding("include", "name \"" path "\" by its whole path from the top")
		else if (folder == "")
			finding("include", "this folder has no row in tests/lint/include")
		else if (!is_among(path, may_include[folder]))
			finding("include", folder " may not include " path)
		return
	}
	if (!match($0, /<[^>]+>/))
		return
	path = substr($0, RSTART + 1, RLENGTH - 2)
	if (is_among(path, may_use["system"]))
		return
	for (h in may_use)
		if (h != "system" && (path == h || (h ~ /\/$/ && index(path, h) == 1)) &&
		    length(h) > length(key))
			key = h
	if (key == "")
		finding("third-party", "<" path "> has no row in tests/lint/third-party")
	else if (!is_among(FILENAME, may_use[key]))
		finding("third-party", "<" path "> belongs to" may_use[key] "only")
}

# The line without comments, its literals emptied; the literals go to literal[1..literals].
function strip(line,    out, tok, n) {
	literals = 0
	while (line != "") {
		if (in_comment) {
			n = index(line, "*/")
			if (n == 0)
				return out
			line = substr(line, n + 2)
			in_comment = 0
			out = out " "
			continue
		}
		if (!match(line, /["']|\/\*|\/\//))
			return out line
		out = out substr(line, 1, RSTART - 1)
		tok = substr(line, RSTART, RLENGTH)
		line = substr(line, RSTART + RLENGTH)
		if (tok == "//")
			return out
		if (tok == "/*") {
			in_comment = 1
			continue
		}
		if (tok == "\"" ? !match(line, /^([^"\\]|\\.)*"/) : !match(line, /^([^'\\]|\\.)*'/))
			return out
		literal[++literals] = substr(line, 1, RLENGTH - 1)
		out = out tok tok
		line = substr(line, RLENGTH + 1)
	}
	return out
}

function check_calls(code,    name, before, rest) {
	rest = code
	while (match(rest, /[A-Za-z_][A-Za-z_0-9]*[ \t]*\(/)) {
		name = substr(rest, RSTART, RLENGTH - 1)
		sub(/[ \t]+$/, "", name)
		before = RSTART > 1 ? substr(rest, RSTART - 1, 1) : ""
		if ((name in banned) && before != "." && before != ">")
			finding("banned", name "() is banned")
		rest = substr(rest, RSTART + RLENGTH)
	}
}

function end_file() {
	if (file == "")
		return
	max = file ~ /^tests\// ? 900 : 700
	if (lines > max)
		printf "%s:%d: file-length: %d lines, at most %d: divide it\n", file, lines, lines, max
	if (file ~ /\.h$/ && !has_once)
		printf "%s:1: header: has no #pragma once\n", file
}

FNR == 1 {
	end_file()
	file = FILENAME
	in_comment = in_function = has_once = 0
	is_test = FILENAME ~ /^tests\//
	may_spell_keys = is_test || FILENAME ~ /^(dispatcher\/store\/keys|segments\/list|segments\/list_inside|segments\/list_keys)\./
	split("", allowed)
}

{
	lines = FNR
	if (match($0, /lint: [a-z-]+: [^ ]/))
		allowed[substr($0, RSTART + 6, RLENGTH - 9)] = FNR
}

/^#pragma once/ {
	has_once = 1
}

/^[ \t]*#[ \t]*include/ && !in_comment {
	check_include()
	next
}

/^[ \t]*#[ \t]*if/ && in_function && !in_comment {
	finding("ifdef", "#if inside a function")
}

{
	code = strip($0)
	check_calls(code)
	for (i = 1; i <= literals && !may_spell_keys; i++)
		if (literal[i] ~ /^loa:[^ ]/ || literal[i] == "loa:")
			finding("redis-key", "keys are spelled in dispatcher/store/keys and segments/list only")
}

/^\{/ {
	in_function = FNR
}

/^\}/ {
	if (in_function && !is_test && FNR - in_function > 60)
		printf "%s:%d: function-length: %d lines, at most 60\n", FILENAME, in_function,
			FNR - in_function
	in_function = 0
}

END {
	end_file()
}
