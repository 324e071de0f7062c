# SPDX-License-Identifier: MIT
# How long the turns of a server's loop were, from its own histogram. Sourced behind tests/e2e/lib.sh.
histogram() { # cumulative "le count" lines
	metrics | sed -n 's/^loa_loop_turn_seconds_bucket{le="\(.*\)"} \([0-9]*\)$/\1 \2/p'
}
longest() {
	metrics | sed -n 's/^loa_loop_longest_turn_seconds //p'
}
quantiles() { # BEFORE AFTER
	paste "$1" "$2" | awk '{ le[NR] = $3; n[NR] = $4 - $2 } END {
		split("0.5 0.99 0.999", q, " ")
		for (i = 1; i <= 3; i++)
			for (k = 1; k <= NR; k++)
				if (n[k] >= q[i] * n[NR]) { printf "p%s ≤ %s ms  ", q[i] * 100, le[k] == "+Inf" ? le[k] : le[k] * 1000; break }
		printf "(%d turns)\n", n[NR] }'
}
