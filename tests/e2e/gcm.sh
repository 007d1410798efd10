#!/usr/bin/env bash
# gcm.sh PROGRAM SOURCES: a run is the same to the byte whichever implementation of AES-GCM seals its messages: that of libipsec-mb, or
# OpenSSL's, which is taken where AVX2 is masked.
set -euo pipefail
program=$1
cd "$2"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fingerprints() {  # [VARIABLE=VALUE]: of all scenarios of the folder, a line each
  env "$@" "$program" run scenarios/dialogs --net sim --json --key-pool "$folder/keys" | grep -o '"fingerprint":"[^"]*"'
}
fingerprints > "$folder/chosen"
fingerprints GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2 > "$folder/openssl"
count=$(wc -l < "$folder/chosen")
((count >= 5)) || { echo "gcm: $count fingerprints only"; exit 1; }
diff "$folder/chosen" "$folder/openssl"
echo "gcm: $count fingerprints are the same"
