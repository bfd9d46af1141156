# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Where the kernel's clients meet tern: a network namespace of this script's own, and in it one
# program of tern on a tap. Sourced first: it starts the script again inside the namespace, which
# goes when the script ends, however it ends; the program dies with the script, and a client that
# is cut off from it at the latest by its own timeout.
#
#	server tern-echo                   # on tap0: we are 10.9.0.1, it is 10.9.0.2
#	check "answers ping" ping_answers  # runs the function; one line of TAP
#	server_ends_idle                   # counters, balance, what is on the wire
#	finish

set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${TERN_BUILD:-$here/../../build}
host=10.9.0.2

# The server's port, its lcores, and our interface at the other end: a script may have others.
vdev=net_tap0,iface=tap0
lcores="0@$(sed -n 's/^Cpus_allowed_list:.*[^0-9]//p' /proc/self/status)"
link=tap0

if [ "$(id -u)" -ne 0 ]; then
	echo "1..0 # SKIP a namespace and a tap are made by root"
	exit 0
fi
if [ -z "${TERN_LAB:-}" ]; then
	TERN_LAB=$$ exec unshare --net --mount "$0" "$@"
fi
mount -t sysfs none /sys # which shows the interfaces of the namespace that it is mounted in
ip link set lo up
ulimit -n 8192

work=$(mktemp -d "${TMPDIR:-/tmp}/tern-lab.XXXXXX")
export RUNTIME_DIRECTORY=$work/run # of DPDK: nobody else's files are there
mkdir "$RUNTIME_DIRECTORY"
cases=0
failures=0
server_pid=
server_name=
capture_pid=
captures=0
mac=

# Ending -------------------------------------------------------------------------------------------

# What of ours still runs. First a signal that `timeout` hands on to its client.
leave()
{
	local signal children

	for signal in TERM KILL; do
		children=$(jobs -pr)
		[ -n "$children" ] || break
		# shellcheck disable=SC2086
		kill -$signal $children 2>/dev/null
		sleep 0.3
	done
	wait 2>/dev/null
	rm -rf "$work"
}

trap leave EXIT
trap 'exit 143' HUP INT TERM

finish()
{
	echo "1..$cases"
	[ "$failures" -eq 0 ]
	exit
}

# mine COMMAND...: run something that dies with this script.
mine()
{
	exec setpriv --pdeathsig KILL "$@"
}

# Cases --------------------------------------------------------------------------------------------

# until_true SECONDS COMMAND...: try it until it succeeds.
until_true()
{
	local end=$((SECONDS + $1 + 1))

	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# equal WHAT IS SHOULD: are they? Says so if not.
equal()
{
	[ "$2" == "$3" ] && return
	echo "$1: '$2', expected '$3'"
	return 1
}

# check NAME COMMAND...: one case. What it says is shown only if it fails.
check()
{
	local name=$1 result=ok

	shift
	cases=$((cases + 1))
	if ! "$@" >"$work/case.log" 2>&1 </dev/null; then
		result="not ok"
		failures=$((failures + 1))
	fi
	echo "$result $cases - $name"
	[ "$result" == ok ] || tail -n 30 "$work/case.log" | cut -c 1-300 | sed 's/^/# /'
}

# watched NAME COMMAND...: one case, and the server's first frames during it are kept.
watched()
{
	capture_begin "${captured:-5000}"
	check "$@"
	capture_end
}

# The server ---------------------------------------------------------------------------------------

server_is_gone()
{
	! kill -0 "$server_pid" 2>/dev/null
}

link_is_there()
{
	server_is_gone || ip link show "$link" >/dev/null 2>&1
}

server_answers()
{
	server_is_gone || timeout 5 ping -q -c 1 -W 1 $host >/dev/null
}

# The value of "conns" in the newest live line.
connections_now()
{
	sed -n 's/.* conns \([0-9]*\) .*/\1/p' "$work/server.out" | tail -n 1
}

connections_are()
{
	[ "$(connections_now)" == "$1" ]
}

live_lines()
{
	grep -c ' conns [0-9]' "$work/server.out"
}

nothing_is_open_since()
{
	[ "$(live_lines)" -ge $(($1 + 2)) ] && connections_are 0
}

# The newest line may be older than the last client: only what is printed from here on counts.
connections_end()
{
	until_true 15 nothing_is_open_since "$(live_lines)"
}

# server_starts: bring up what `server` has started; false if it does not come.
server_starts()
{
	until_true 20 link_is_there || return
	ip addr replace 10.9.0.1/24 dev "$link" && ip link set "$link" up || return
	until_true 20 server_answers || return
	! server_is_gone
}

# server PROGRAM [OPTION...]: start it on its port.
server()
{
	local options=(--lcores "$lcores" --no-huge --no-shconf --no-pci -m 512 "--vdev=$vdev")

	server_name=$1
	shift
	mine "$build/apps/$server_name" "${options[@]}" -- --addr $host/24 --time-wait 1s \
		--stats 500ms "$@" >"$work/server.out" 2>"$work/server.err" </dev/null &
	server_pid=$!
	check "$server_name${*:+ $*} starts" server_starts
	mac=$(sed -n 's/.* mac \([0-9A-Fa-f:]*\),.*/\1/p' "$work/server.out")
	captures=0
	[ -n "$mac" ] || bail
}

# Without a server there is nothing to try.
bail()
{
	sed 's/^/# /' "$work/server.out" "$work/server.err"
	finish
}

ends_clean()
{
	local status

	kill -INT "$server_pid" || return
	until_true 15 server_is_gone || kill -KILL "$server_pid"
	wait "$server_pid"
	status=$?
	tail -n 40 "$work/server.out"
	equal "exit status" $status 0
}

# count NAME: of a verdict or an event in the server's report.
count()
{
	awk -v name="$1" '$2 == name { n = $1 } END { print n + 0 }' "$work/server.out"
}

balance_is_right()
{
	grep -q '^mbufs [1-9][0-9]*, missing 0$' "$work/server.out" ||
		equal "mbufs" "$(grep ^mbufs "$work/server.out")" "missing 0"
}

# All that clients opened was closed and forgotten before the server was told to end.
nothing_was_open()
{
	equal "connections" "$(grep ^connections "$work/server.out")" \
		"connections 0 (at the end 0 in TIME-WAIT, 0 reset)"
}

no_checksum_was_wrong()
{
	! awk '$2 ~ /^drop_.*checksum$/' "$work/server.out" | grep .
}

said_nothing()
{
	! grep . "$work/server.err"
}

tap_is_gone()
{
	! ip link show tap0
}

# End it, and look at what it leaves behind.
server_ends()
{
	check "$server_name: SIGINT ends it with exit status 0" ends_clean
	server_pid=
	check "$server_name: no mbuf is missing" balance_is_right
	check "$server_name: it said nothing on stderr" said_nothing
	[ "$link" != tap0 ] || check "$server_name: its tap is gone" tap_is_gone
	if [ $captures -gt 0 ]; then
		check "tshark: no frame of $server_name is malformed or has a bad checksum" \
			wire_is_right
		check "tshark: it does see a byte that is wrong" judge_sees
	fi
}

# The same, where all clients were honest and have closed what they opened.
server_ends_idle()
{
	check "$server_name: connections are 0 after TIME-WAIT" connections_end
	server_ends
	check "$server_name: no connection was left" nothing_was_open
	check "$server_name: no checksum of the kernel's was found wrong" no_checksum_was_wrong
}

# The wire -----------------------------------------------------------------------------------------

is_listening()
{
	grep -q "listening on" "$work/tcpdump.log"
}

# Frames of the server only: what the kernel sends over a tap may have its checksum still to come.
capture_begin()
{
	captures=$((captures + 1))
	: >"$work/tcpdump.log"
	mine tcpdump -i "$link" -n --immediate-mode -Z root -s 0 -B 16384 -c "$1" \
		-w "$work/wire.$captures.pcap" ether src "$mac" \
		2>"$work/tcpdump.log" >/dev/null </dev/null &
	capture_pid=$!
	until_true 5 is_listening
}

capture_end()
{
	sleep 0.1
	kill -INT $capture_pid 2>/dev/null
	wait $capture_pid
	capture_pid=
}

# bad_frames FILE: those that tshark objects to. What it makes of the payload does not count: random
# bytes look like this and that.
bad_frames()
{
	timeout 120 tshark -r "$1" -n \
		-o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE \
		-Y "_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0 ||
			udp.checksum.status == 0 || icmp.checksum.status == 0" \
		-T fields -e frame.protocols -e ip.checksum.status -e tcp.checksum.status \
		-e udp.checksum.status -e icmp.checksum.status -e _ws.col.Info 2>/dev/null |
		awk -F '\t' '$1 ~ /:(ethertype|arp|ip|icmp|udp|tcp|data)$/ || $2 $3 $4 $5 ~ /0/'
}

wire_is_right()
{
	local frames

	mergecap -a -w "$work/wire.all" "$work"/wire.*.pcap || return
	frames=$(tshark -r "$work/wire.all" -n -T fields -e frame.number 2>/dev/null | wc -l)
	echo "$frames frames"
	[ "$frames" -gt 0 ] || return
	bad_frames "$work/wire.all" >"$work/wire.bad" || return
	! head -n 20 "$work/wire.bad" | grep .
}

# The same frames with the last byte of each changed: the judge must object to them.
judge_sees()
{
	local spoilt

	mergecap -a -F pcap -w "$work/wire.all" "$work"/wire.*.pcap || return
	spoilt=$("$here/peer.py" spoil "$work/wire.all" "$work/wire.spoilt" 1000) || return
	[ "$spoilt" -gt 0 ] || return
	equal "frames seen" "$(bad_frames "$work/wire.spoilt" | wc -l)" "$spoilt"
}
