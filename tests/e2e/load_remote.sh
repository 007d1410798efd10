#!/usr/bin/env bash
# load_remote.sh PROGRAM: a load whose two sides are processes that nothing but a folder and the network joins, on ports of the system's choice.
set -euo pipefail
program=$1
folder=$(mktemp -d)
target=
trap '[[ -z $target ]] || kill "$target" 2>/dev/null || true; rm -rf "$folder"' EXIT

# load NAME OPTIONS...: both sides to their end; sets `code` and `target_code`.
load() {
  local name=$1
  shift
  local common=(--listen 127.0.0.1:0 --exchange "$folder/$name" --data "$folder" --key-pool "$folder/keys" --wait 120)
  "$program" load target "${common[@]}" >"$folder/$name.target" 2>"$folder/$name.target.err" &
  target=$!
  code=0
  "$program" load "${common[@]}" --rate 100 --arrivals constant --duration 1 --warm-up 0 --json "$folder/$name.jsonl" "$@" \
    >"$folder/$name.out" 2>"$folder/$name.err" || code=$?
  target_code=0
  wait "$target" || target_code=$?
  target=
  [[ ($code == 0 || $code == 4) && $target_code == 0 ]] || {
    echo "load_remote: $name ended with $code and $target_code"
    cat "$folder/$name".{out,err,target,target.err}
    exit 1
  }
  grep -q '100 sent, 100 received.*: each exactly once and in order' "$folder/$name.out" || { cat "$folder/$name.out"; exit 1; }
  grep -q '^100 received: each exactly once and in order' "$folder/$name.target" || { cat "$folder/$name.target"; exit 1; }
}

load full --security full
grep -q 'target on another machine' "$folder/full.out"
# Its clock is not asked: what the two clocks are apart is no latency.
grep -q 'send to receive *not measured' "$folder/full.out"
grep -q '"to_ack":{"count":100,' "$folder/full.jsonl"
# The target's operations came by the control dialog.
grep -qE '^AES-GCM open +[0-9.]+ +[1-9]' "$folder/full.out" || { cat "$folder/full.out"; exit 1; }
load reply --security anonymous --request-reply --messages-per-dialog 10
grep -q '"round_trip":{"count":100,' "$folder/reply.jsonl"
load clear --security none --clear-transport

# Nobody there: said, not waited for for ever.
code=0
"$program" load --exchange "$folder/alone" --listen 127.0.0.1:0 --wait 0.2 --data "$folder" --key-pool "$folder/keys" \
  >/dev/null 2>"$folder/alone.err" || code=$?
[[ $code == 12 ]] && grep -q 'target.json' "$folder/alone.err" || { echo "load_remote: alone with $code"; cat "$folder/alone.err"; exit 1; }
[[ -z $(ls -d "$folder"/ssbsim-load-* 2>/dev/null) ]] || { echo "load_remote: data was left behind"; exit 1; }
echo "load_remote: three loads between two processes"
