#!/usr/bin/env bash
# capture.sh PROGRAM SCENARIO-FOLDER: captures of scenarios, read by tshark: what must not be readable on the wire is not, and what must
# be is. Exit code 77 (skipped) without tshark.
set -euo pipefail
program=$1
scenarios=$2
command -v tshark >/dev/null || exit 77
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# payload SCENARIO: all TCP payload of its capture as lower-case hexadecimal in one line.
payload() {
  "$program" run --events none --pcap "$folder/capture.pcap" "$scenarios/$1" >&2
  tshark -r "$folder/capture.pcap" -T fields -e tcp.payload 2>/dev/null | tr -d ':\n'
}
# shows HEX TEXT: whether the text stands there in UTF-8 or UTF-16LE.
shows() {
  local utf8 utf16
  utf8=$(printf '%s' "$2" | od -An -v -tx1 | tr -d ' \n')
  utf16=$(printf '%s' "$2" | iconv -f UTF-8 -t UTF-16LE | od -An -v -tx1 | tr -d ' \n')
  [[ $1 == *"$utf8"* || $1 == *"$utf16"* ]]
}
fail() { echo "capture: $*" >&2; exit 1; }

bytes=$(payload dialogs/full_security.sql)
((${#bytes} > 2000)) || fail "the capture of full_security is empty"
shows "$bytes" 'photograph of the lighthouse' && fail "a body can be read with ENCRYPTION REQUIRED"
shows "$bytes" 'ImageProcessor' && fail "a header can be read with ENCRYPTION REQUIRED"
bytes=$(payload dialogs/clear_transport.sql)
shows "$bytes" 'a secret order of maps' && fail "the body of a secured dialog can be read with transport ENCRYPTION DISABLED"
shows "$bytes" 'ReceiverService' || fail "a clear transport hides the header"
bytes=$(payload dialogs/no_encryption.sql)
shows "$bytes" 'an order that all may read' || fail "a dialog with ENCRYPTION = OFF cannot be read on a clear transport"
echo "capture: 5 checks passed"
