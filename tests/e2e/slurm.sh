#!/usr/bin/env bash
# slurm.sh PROGRAM SOURCE-FOLDER: a Slurm of one node, in a folder of its own, runs deploy/slurm.sh as an array; one task is stopped on the
# way and goes on; the shards are merged. 77: Slurm is not there, or cannot run here.
set -euo pipefail
program=$(realpath "$1")
source=$(realpath "$2")
for tool in slurmctld slurmd sbatch squeue scontrol scancel sinfo munged; do
  PATH=$PATH:/usr/sbin command -v "$tool" >/dev/null || { echo "slurm: skipped, there is no $tool (packages slurm-wlm and munge)"; exit 77; }
done
((EUID == 0)) || { echo "slurm: skipped, the daemons need root"; exit 77; }
[[ -d /sys/fs ]] || { echo "slurm: skipped, /sys is not visible"; exit 77; }
PATH=$PATH:/usr/sbin
work=$(mktemp -d "${TMPDIR:-/tmp}/ssb-slurm-XXXXXX")
chmod 755 "$work"
pids=()
# The daemons end whatever happens, the last that was started first.
clean_up() {
  local code=$?
  if [[ -s $work/up ]]; then  # first the jobs: their shepherds would outlive the daemon
    timeout 20 scancel --state=PENDING --user root >/dev/null 2>&1 || true
    timeout 20 scancel --signal=KILL --full --user root >/dev/null 2>&1 || true
    timeout 20 scancel --user root >/dev/null 2>&1 || true
    until_true 20 no_jobs || true
  fi
  for ((i = ${#pids[@]} - 1; i >= 0; --i)); do
    kill "${pids[i]}" 2>/dev/null || continue
    for _ in {1..50}; do
      kill -0 "${pids[i]}" 2>/dev/null || break
      read -rt 0.1 <> <(:) || true
    done
    kill -9 "${pids[i]}" 2>/dev/null || true
    wait "${pids[i]}" 2>/dev/null || true
  done
  if ((code != 0 && code != 77)); then tail -n 20 "$work"/*.log >&2 || true; fi
  rm -rf "$work"
  exit "$code"
}
no_jobs() { [[ -z $(squeue -h) ]]; }
trap clean_up EXIT
trap 'exit 143' TERM INT
# until_true SECONDS COMMAND...: asks again until it is so.
until_true() {
  local ends=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < ends)) || { echo "slurm: waited in vain for: $*" >&2; return 1; }
    read -rt 0.2 <> <(:) || true
  done
}
node=$(hostname -s)
mkdir -m 700 "$work/munge" "$work/state" "$work/spool"
dd if=/dev/urandom of="$work/munge/key" bs=1024 count=1 status=none
chmod 600 "$work/munge/key"
chmod 711 "$work/munge"
munged --foreground --force --key-file="$work/munge/key" --socket="$work/munge/socket" --pid-file="$work/munge/pid" \
  --log-file="$work/munged.log" --seed-file="$work/munge/seed" >>"$work/munged.log" 2>&1 &
pids+=($!)
until_true 20 test -S "$work/munge/socket"
port=$((20000 + RANDOM % 10000 * 2))  # below the ports that clients get
cat >"$work/slurm.conf" <<CONF
ClusterName=one
SlurmctldHost=$node(127.0.0.1)
SlurmUser=root
SlurmctldPort=$port
SlurmdPort=$((port + 1))
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
CredType=cred/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
NodeName=$node NodeAddr=127.0.0.1 CPUs=2 RealMemory=2100 State=UNKNOWN
PartitionName=all Nodes=$node Default=YES MaxTime=INFINITE State=UP
CONF
echo 'CgroupPlugin=cgroup/v1' >"$work/cgroup.conf"
export SLURM_CONF=$work/slurm.conf
slurmctld -D -f "$SLURM_CONF" >"$work/slurmctld.log" 2>&1 &
pids+=($!)
until_true 20 sinfo -h || { echo "slurm: skipped, slurmctld does not come up here"; exit 77; }
echo up >"$work/up"
slurmd -D -f "$SLURM_CONF" >"$work/slurmd.log" 2>&1 &
pids+=($!)
is_idle() { [[ $(sinfo -h -o %T) == idle ]]; }
until_true 30 is_idle || { echo "slurm: skipped, the node does not become idle here"; exit 77; }

cd "$work"
cat >small.sql <<'SQL'
--# scenario One instance, nothing to lose
:connect A
CREATE DATABASE Db;
GO
USE Db;
CREATE QUEUE q;
SELECT COUNT(*) FROM sys.service_queues WHERE name = 'q';
GO
--# expect value 1
SQL
export SSBSIM=$program OUT=$work/found
seeds=0-1199
job=$(sbatch --parsable --array=0-3 --mem-per-cpu=500M "$source/deploy/slurm.sh" "$work/small.sql" --seeds "$seeds" --canary)
# The first task is told to stop as soon as it has done something, as it is before its time is over: it is requeued and goes on.
has_begun() { [[ $(wc -l <"$OUT/shard-0-of-4.jsonl.partial") -ge 3 ]]; }
until_true 60 has_begun
# TERM would be a cancellation. It may report that the job has changed meanwhile: it is about to end, as it should.
scancel --signal=USR1 --batch "${job}_0" || true
is_done() { [[ -z $(squeue -h -j "$job" -t PENDING,RUNNING,COMPLETING,CONFIGURING,REQUEUED,SUSPENDED) ]]; }
was_requeued() { [[ $(scontrol show job "${job}_0") =~ Restarts=1 ]]; }
until_true 60 was_requeued
# A requeued job may begin only after a minute or two; it need not.
scontrol update JobId="${job}_0" StartTime=now >/dev/null 2>&1 || true
until_true 240 is_done
scontrol show job "$job" | grep -o 'ExitCode=[0-9:]*' | sort | uniq -c
! scontrol show job "$job" | grep 'ExitCode=' | grep -qv 'ExitCode=0:0'
"$program" merge "$OUT"/shard-*.jsonl | tee merged.txt
grep -q '^1200 runs, 0 failed' merged.txt
grep -q 'goes on after' ssbsim-*_0.log
echo "slurm: 4 shards of one array, one of them stopped and resumed, are the whole sweep"
