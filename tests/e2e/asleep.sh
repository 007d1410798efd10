#!/usr/bin/env bash
# asleep.sh PROGRAM SOURCE-FOLDER KEY-POOL: every scenario with no idle conversation in memory, and with many: all that is said, sent, traced
# and drawn must be the same. Only when rows are written may differ, and how long it took: so not random_kills.sql, whose crashes are counted in
# storage steps and come elsewhere then.
set -euo pipefail
program=$(realpath "$1")
key_pool=$3
cd "$2"
work=$(mktemp -d "${TMPDIR:-/tmp}/ssb-asleep-XXXXXX")
trap 'rm -rf "$work"' EXIT
mapfile -t files < <(find scenarios -name '*.sql' ! -name random_kills.sql | LC_ALL=C sort)
for bound in 0 1 16384; do
  "$program" run "${files[@]}" --net sim --json --awake-endpoints "$bound" --key-pool "$key_pool" >"$work/all"
  grep -v '"type":"header"' "$work/all" | sed -E 's/,"real_ms":[^,}]*//; s/  storage [0-9a-f]+ \([0-9]+\)//' >"$work/$bound"
done
[[ $(grep -c '"type":"scenario"' "$work/0") -ge 150 ]] || { echo "asleep: too few scenarios ran"; exit 1; }
for bound in 0 1; do
  if ! diff "$work/$bound" "$work/16384" >"$work/difference"; then
    echo "asleep: with $bound idle conversations in memory something differs:"
    head -c 2000 "$work/difference"
    exit 1
  fi
done
