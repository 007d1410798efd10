#!/usr/bin/env bash
# load.sh PROGRAM: a load that is stopped keeps what it has; a target that stands still shows in the latencies, and nothing is lost.
set -euo pipefail
program=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
command -v pgrep >/dev/null || exit 77

# The first line of progress: the measured time has begun.
wait_for_progress() {
  for _ in $(seq 600); do
    [[ -s $1 ]] && return
    sleep 0.1
  done
  echo "load: no progress"; exit 1
}
begin() {  # NAME OPTIONS...: sets `load`, the process
  local name=$1
  shift
  "$program" load "$@" --warm-up 0 --rsa-bits 1024 --not-flushed --data "$folder" --key-pool "$folder/keys" \
    --json "$folder/$name.jsonl" >"$folder/$name.out" 2>"$folder/$name.err" &
  load=$!
  wait_for_progress "$folder/$name.err"
}

begin stopped --rate 50 --duration 600
kill -TERM "$load"
code=0; wait "$load" || code=$?
[[ $code == 75 ]] || { echo "load: stopped with $code"; cat "$folder/stopped.out" "$folder/stopped.err"; exit 1; }
[[ ! -e $folder/stopped.jsonl ]] && tail -1 "$folder/stopped.jsonl.partial" | grep -q '"complete":false}' \
  || { echo "load: the file of a stopped load"; exit 1; }

begin stalled --rate 100 --duration 4
target=$(pgrep -P "$load" load-target)
kill -STOP "$target"; sleep 0.5; kill -CONT "$target"
code=0; wait "$load" || code=$?
[[ $code == 0 || $code == 4 ]] || { echo "load: stalled with $code"; cat "$folder/stalled.out" "$folder/stalled.err"; exit 1; }
# An eighth of the messages were meant while it stood still: the 99th percentile waited most of that time.
p99=$(tail -1 "$folder/stalled.jsonl" | sed -E 's/.*"to_receive":\{"count":[0-9]+,"p50":[^,]*,"p90":[^,]*,"p99":([^,]*),.*/\1/')
awk -v p99="$p99" 'BEGIN { exit !(p99 + 0 >= 300) }' || { echo "load: p99 $p99 ms hides a stall of 500 ms"; exit 1; }
[[ -z $(ls -d "$folder"/ssbsim-load-* 2>/dev/null) ]] || { echo "load: data was left behind"; exit 1; }
echo "load: a stall of 500 ms shows as p99 $p99 ms"
