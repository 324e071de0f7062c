# SPDX-License-Identifier: MIT
# A PostgreSQL of one's own for a measurement: in $dir/pg, on a socket there; as root, under the user
# postgres. Sourced after tests/e2e/lib.sh. It installs nothing: without PostgreSQL it says what to install.
pg_pid=''
pg_bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$pg_bin" ] && [ -x "$pg_bin/initdb" ] || {
	echo "$0: PostgreSQL is not installed: apt-get install postgresql-15" >&2
	exit 3
}

as_postgres() {
	if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}
stop_postgres() {
	[ -z "$pg_pid" ] || { kill -INT "$pg_pid" && wait "$pg_pid"; } 2>/dev/null
	clean_up
}
trap stop_postgres EXIT

start_postgres() {
	chmod 755 "$dir"
	mkdir "$dir/pg"
	[ "$(id -u)" -ne 0 ] || chown postgres "$dir/pg"
	(cd "$dir/pg" && as_postgres "$pg_bin/initdb" -D "$dir/pg/data" -U bench -A trust -N \
		--locale=C.UTF-8 -E UTF8 >"$dir/initdb.log" 2>&1) || { cat "$dir/initdb.log" >&2; exit 3; }
	as_postgres "$pg_bin/postgres" -D "$dir/pg/data" -k "$dir/pg" -c listen_addresses='' \
		-c shared_buffers=512MB >"$dir/pg.log" 2>&1 &
	pg_pid=$!
	until_true sql -c 'SELECT 1' >/dev/null
	# runuser waits for it: end the server itself
	pg_pid=$(head -n 1 "$dir/pg/data/postmaster.pid")
}
sql() { "$pg_bin/psql" -XqAt -h "$dir/pg" -U bench "$@" postgres 2>>"$dir/psql.log"; }
# The table that `bench/segments people` fills.
create_people() { # TABLE
	sql -c "CREATE TABLE $1 (ho_ten text, so_dien_thoai text, ngay_sinh date, gioi_tinh text, tinh text,
		xa text, nghe_nghiep text, thu_nhap int, nhom text)"
}
