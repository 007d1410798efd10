#!/usr/bin/env bash
# A sweep with GNU parallel: a shard a job, as many at once as there are processors; a job that stopped (75) or failed to start is done
# again by the same command. Judge by the job log and by merge: the exit code of parallel is a count.
#   deploy/parallel.sh 16 scenarios --seeds 0-99999
#   ssbsim merge found/shard-*.jsonl
set -euo pipefail
export SSBSIM_SHARDS=$1
shift
seq "$SSBSIM_SHARDS" | parallel --joblog found.joblog --resume-failed -N0 "${SSBSIM:-ssbsim}" sweep "$@" -j 1 --out "${OUT:-found}"
