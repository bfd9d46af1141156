# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2154
#
# tern-gen, run and judged; sourced behind lab.sh. The machine may be busy: intervals in which the
# generator was kept from its processor count as well, and the exit status tells of them (4).

schema=$here/../../docs/tern-gen.schema.json
gen_core=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*\([0-9]*\).*/\1/p' /proc/self/status)
gen_lcores="0@$gen_core"
gen_options=(--no-huge --no-shconf --no-pci -m 512)
gen_status=
gen_pid=

# generate VDEV ARGUMENT...: in the background, with its JSON in gen.json. The seed makes a run that
# failed come again.
generate()
{
	local vdev=$1

	shift
	rm -f "$work/gen.json"
	mine timeout -k 5 60 "$build/apps/tern-gen" --lcores "$gen_lcores" "${gen_options[@]}" \
		--file-prefix "gen$$" "--vdev=$vdev" -- "$@" --keep --seed 1 --interval 200ms \
		--json "$work/gen.json" >"$work/gen.out" 2>"$work/gen.err" </dev/null &
	gen_pid=$!
}

# It has ended.
generated()
{
	wait "$gen_pid"
	gen_status=$?
	gen_pid=
	cat "$work/gen.out" "$work/gen.err"
}

generator_is_gone()
{
	! kill -0 "$gen_pid" 2>/dev/null
}

# result CONDITION...: of the run that was; see result.py.
result()
{
	"$here/../os/result.py" "$schema" "$work/gen.json" "$gen_status" "$@"
}

# It ran as it should; and of an mbuf that is missing it would have spoken.
sound()
{
	[ "$gen_status" -eq 4 ] || equal "exit status" "$gen_status" 0 || return
	! grep . "$work/gen.err" && result "$@"
}
