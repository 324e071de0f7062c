# SPDX-License-Identifier: MIT
# What a server's own histograms say: how long the turns of its loop were, or permits took. Sourced behind tests/e2e/lib.sh.
histogram() { # [NAME]: cumulative "le count" lines
	metrics | sed -n "s/^${1:-loa_loop_turn_seconds}_bucket{le=\"\(.*\)\"} \([0-9]*\)\$/\1 \2/p"
}
longest() {
	metrics | sed -n 's/^loa_loop_longest_turn_seconds //p'
}
quantiles() { # BEFORE AFTER [WHAT]
	paste "$1" "$2" | awk -v what="${3:-turns}" '{ le[NR] = $3; n[NR] = $4 - $2 } END {
		split("0.5 0.99 0.999", q, " ")
		for (i = 1; i <= 3; i++)
			for (k = 1; k <= NR; k++)
				if (n[k] >= q[i] * n[NR]) { printf "p%s ≤ %s ms  ", q[i] * 100, le[k] == "+Inf" ? le[k] : le[k] * 1000; break }
		printf "(%d %s)\n", n[NR], what }'
}
