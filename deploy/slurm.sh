#!/usr/bin/env bash
# A sweep as a Slurm array: a shard a task. Submit from the folder with the scenarios:
#   sbatch --array=0-15 deploy/slurm.sh scenarios --seeds 0-99999
#   ssbsim merge found/shard-*.jsonl
# SSBSIM is the program (default: ssbsim of the PATH), OUT the folder for lines and bundles (default: found).
#SBATCH --job-name=ssbsim-sweep
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=2G
#SBATCH --time=01:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=ssbsim-%A_%a.log
#SBATCH --signal=B:TERM@60
set -uo pipefail
# The batch shell gets the signal, a minute before the time is over: it passes it on, and the sweep leaves a checkpoint.
"${SSBSIM:-ssbsim}" sweep "$@" -j "${SLURM_CPUS_PER_TASK:-1}" --out "${OUT:-found}" &
sweep=$!
trap 'kill -TERM "$sweep"' TERM USR1
wait "$sweep"
code=$?
while ((code > 128)) && kill -0 "$sweep" 2>/dev/null; do  # the wait was interrupted, not the sweep
  wait "$sweep"
  code=$?
done
# 75: stopped with a checkpoint; the same task goes on from there.
if ((code == 75)); then scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"; fi
exit "$code"
