#!/usr/bin/env bash
# docs.sh PROGRAM SOURCE-FOLDER: runs every `./dev run ...` command that README.md and docs/ show, as ./dev would.
set -euo pipefail
program=$1
cd "$2"
mapfile -t commands < <(grep -hoE '\./dev run [^`|]+' README.md docs/*.md | sed 's/ *$//' | awk '!seen[$0]++')  # in their order: one may need another's files
((${#commands[@]} >= 4)) || { echo "docs: no commands found"; exit 1; }
for command in "${commands[@]}"; do
  read -ra words <<<"${command#./dev run }"
  if [[ -e ${words[0]} ]]; then words=(run "${words[@]}"); fi
  echo "docs: ssbsim ${words[*]}"
  # A load on a machine that is busy with other tests may say that its generator was late (4).
  "$program" "${words[@]}" >/dev/null || [[ $? == 4 && ${words[0]} == load ]]
done
for subcommand in run sweep merge load crash-sweep generate node doctor snapshot snapshot-query import explain version; do
  "$program" "$subcommand" --help | grep -q Example || { echo "docs: $subcommand --help shows no example"; exit 1; }
done
grep -oE -- '--[a-z-]+' docs/node.md | sort -u | while read -r option; do
  "$program" node --help | grep -q -- "$option" || { echo "docs: node has no option $option"; exit 1; }
done
grep -oE -- '`--[a-z-]+' docs/sweep.md | tr -d '`' | sort -u | while read -r option; do
  "$program" sweep --help | grep -q -- "$option" || { echo "docs: sweep has no option $option"; exit 1; }
done
grep -oE -- '`--[a-z-]+' docs/doctor.md | tr -d '`' | sort -u | while read -r option; do
  "$program" doctor --help | grep -q -- "$option" || { echo "docs: doctor has no option $option"; exit 1; }
done
# The output that docs/why.md shows, hexadecimal numbers aside.
without_hex() { sed -E 's/\b[0-9A-Fa-f]{2}\b/h/g; s/[0-9A-F]{4}…[0-9A-F]{4}/H/g; s/0x[0-9A-F]+/H/g; s/[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}/H/g'; }
read -ra words <<<"$(grep -m1 -oE '^\./dev run [^`|]+' docs/why.md | sed 's/^\.\/dev run/run/')"
diff <(sed -n '/^```text$/,/^```$/p' docs/why.md | sed '1d;$d' | without_hex) \
  <("$program" "${words[@]}" | sed -n '/^WHY/,/^$/p' | sed '$d' | without_hex) ||
  { echo "docs: why.md shows another output"; exit 1; }
why_help=$("$program" run --help; "$program" explain --help)
for option in $(grep -oE -- '`--[a-z-]+' docs/why.md | tr -d '`' | sort -u); do
  grep -q -- "$option" <<<"$why_help" || { echo "docs: neither run nor explain has $option"; exit 1; }
done
import_help=$(for part in import snapshot snapshot-query; do "$program" "$part" --help; done)
grep -oE -- '`--[a-z-]+' docs/import.md | tr -d '`' | sort -u | while read -r option; do
  grep -q -- "$option" <<<"$import_help" || { echo "docs: import has no option $option"; exit 1; }
done
load_help=$(for part in "" soak target; do "$program" load ${part:+"$part"} --help; done)
grep -oE -- '`--[a-z-]+' docs/load.md | tr -d '`' | sort -u | while read -r option; do
  grep -q -- "$option" <<<"$load_help" || { echo "docs: load has no option $option"; exit 1; }
done
echo "docs: ${#commands[@]} commands passed"
