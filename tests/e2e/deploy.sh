#!/usr/bin/env bash
# deploy.sh PROGRAM SOURCE-FOLDER: the job templates without a cluster: their shape, their numbers against batch-contract, GNU parallel
# where it is installed.
set -euo pipefail
program=$(realpath "$1")
cd "$2"
fail() { echo "deploy: $*"; exit 1; }
yaml=deploy/kubernetes.yaml
# Without a YAML parser: blocks are indented by two, no tabs, and each line is a key, an item or a comment.
! grep -qP '\t' "$yaml" || fail "$yaml has tabs"
! grep -nvP '^( {2})*(#.*|- .+|[A-Za-z]+:( .+)?)?$' "$yaml" || fail "$yaml has lines that are no YAML of ours"
if command -v python3 >/dev/null && python3 -c 'import yaml' 2>/dev/null; then
  python3 -c 'import sys, yaml; list(yaml.safe_load_all(open(sys.argv[1])))' "$yaml" || fail "$yaml does not parse"
fi
number() { sed -n "s/^ *$1: //p" "$yaml"; }
[[ $(number completionMode) == Indexed ]] || fail "no Indexed Job"
[[ $(number backoffLimitPerIndex) -gt 0 && $(number restartPolicy) == Never ]] || fail "no retries by index"
completions=$(number completions)
grep -A1 'name: SSBSIM_SHARDS' "$yaml" | grep -q "value: \"$completions\"" || fail "SSBSIM_SHARDS is not completions"
(($(number terminationGracePeriodSeconds) >= 5)) || fail "less time to stop than a checkpoint may take"
grep -A4 'action: FailIndex' "$yaml" | grep -qF 'values: [1, 2, 3, 10, 11, 13, 89]' || fail "FailIndex"
grep -A4 'action: Count' "$yaml" | grep -qF 'values: [12, 75, 124, 143]' || fail "Count"
shards=$(sed -n 's/^ *shards = "\([0-9]*\)"$/\1/p' deploy/nomad.hcl)
[[ $shards == "$(sed -n 's/^ *count = \([0-9]*\)$/\1/p' deploy/nomad.hcl)" ]] || fail "nomad.hcl: count is not shards"
[[ $(tr -cd '{' <deploy/nomad.hcl | wc -c) == "$(tr -cd '}' <deploy/nomad.hcl | wc -c)" ]] || fail "nomad.hcl: braces"
bash -n deploy/slurm.sh deploy/parallel.sh
# Every option that a template gives is one of the program's.
help=$("$program" sweep --help)
for option in $(grep -ohE -- '"--[a-z-]+"|(sweep|scenarios)[^#]* --[a-z-]+' deploy/kubernetes.yaml deploy/nomad.hcl | grep -oE -- '--[a-z-]+' | sort -u); do
  grep -q -- "$option" <<<"$help" || fail "sweep has no option $option"
done
work=$(mktemp -d "${TMPDIR:-/tmp}/ssb-deploy-XXXXXX")
trap 'rm -rf "$work"' EXIT
printf ':connect A\nSELECT 1\nGO\n--# expect value 1\n' >"$work/small.sql"
# What the templates set, for the shards by hand.
for index in 0 1 2; do
  JOB_COMPLETION_INDEX=$index SSBSIM_SHARDS=3 "$program" sweep "$work/small.sql" --seeds 0-29 --out "$work/found" >"$work/log" 2>&1 || { cat "$work/log"; fail "shard $index failed"; }
done
"$program" merge "$work"/found/shard-*.jsonl | grep -q '^30 runs, 0 failed' || fail "kubernetes: shards are not the whole"
if command -v parallel >/dev/null; then
  (cd "$work" && SSBSIM=$program OUT=$work/by-parallel "$OLDPWD/deploy/parallel.sh" 4 "$work/small.sql" --seeds 0-29 >/dev/null 2>&1)
  "$program" merge "$work"/by-parallel/shard-*.jsonl | grep -q '^30 runs, 0 failed' || fail "parallel: shards are not the whole"
else
  echo "deploy: GNU parallel is not installed, its one-liner was not run"
fi
echo "deploy: templates are in shape"
