#include "sim/cli/attack_catalogue.h"

#include <algorithm>
#include <iterator>

namespace ssb::sim::cli {
namespace {

constexpr std::string_view kTds = "no instance speaks TDS yet";
constexpr std::string_view kWeb = "there is no web server yet";
constexpr std::string_view kRecovery =
    "there is no BACKUP and RESTORE DATABASE, nor a second region";
constexpr std::string_view kRestore = "there is no RESTORE DATABASE";

constexpr std::string_view kTime =
    "one outcome, whatever is broken; of time nothing is measured, there is the rule that secrets "
    "are "
    "compared in constant time: C24, tests/tidy_test.cc";

constexpr CatalogueEntry kEntries[] = {
    {"A01", "replay of message 0 while the dialog lives", ""},
    {"A02", "replay of message 0 after the target endpoint was closed", ""},
    {"A03", "replay of message 0 after that time, or after cleanup", ""},
    {"A04", "replay to another database or broker with the same certificate", ""},
    {"A05", "reflection of the initiator's own message", ""},
    {"A06", "reflection in an anonymous dialog", ""},
    {"A07", "replay of an old acknowledgement", ""},
    {"A08", "forged acknowledgement without the session key", ""},
    {"A09", "acknowledgement of what was never sent", ""},
    {"A10", "acknowledgements that never return", ""},
    {"A11", "reordering within and across fragments", ""},
    {"A12", "repeated and inconsistent fragments", ""},
    {"A13", "a gap in the sequence that never fills", ""},
    {"A14", "a sequence number far ahead", ""},
    {"A15", "the sequence number wraps", "",
     "2^63 messages cannot be sent; that no number above is taken: "
     "scenarios/attacks/a14_far_sequence.sql, tests/broker/dialog/header_test.cc"},
    {"A16", "two bodies under one sequence number", ""},
    {"A17", "flags that their kind does not have", ""},
    {"A18", "forged EndDialog or Error", ""},
    {"A19", "EndDialog is kept back", ""},
    {"A20", "old messages after a local END or CLEANUP", ""},
    {"A21", "the lifetime ends on the way, clocks skewed", ""},
    {"A22", "two initiators with one conversation id", ""},
    {"A23", "two targets accept message 0", ""},
    {"B01", "target lacks the sender's certificate", ""},
    {"B02", "certificate file swapped on its way", ""},
    {"B03", "same issuer and serial number, another key", ""},
    {"B04", "expired certificate", ""},
    {"B05", "certificate not yet valid", ""},
    {"B06", "clock skew around both bounds", ""},
    {"B07", "rollover in the wrong order", ""},
    {"B08", "old certificate dropped while message 0 waits", ""},
    {"B09", "two certificates with the same expiry", ""},
    {"B10", "only certificate is not active for BEGIN DIALOG", ""},
    {"B11", "wrong owner on import", ""},
    {"B12", "private key missing, or under a password", ""},
    {"B13", "private key file of another key", ""},
    {"B14", "key encrypted for an unrelated certificate of the target", ""},
    {"B15", "valid signer without SEND", ""},
    {"B16", "SEND revoked in mid-dialog", ""},
    {"B17", "CONNECT revoked on the endpoint", ""},
    {"B18", "CONNECT granted to public", ""},
    {"B19", "remote service binding missing or wrong", ""},
    {"B20", "anonymous dialog to a service for a named user", ""},
    {"B21", "signer may send to another service only", ""},
    {"B22", "unknown key share", ""},
    {"B23", "half of a source certificate", ""},
    {"B24", "issuers and serial numbers out of shape", ""},
    {"B25", "hostile DER", ""},
    {"B26", "key sizes and exponents out of range", ""},
    {"B27", "wrong or missing key usage", ""},
    {"B28", "certificate signed with MD5 or SHA-1", ""},
    {"B29", "TDS client: untrusted chain, name mismatch", kTds},
    {"B30", "man in the middle of the transport", ""},
    {"B31", "certificate, user, login or binding dropped in use", ""},
    {"B32", "certificate made again under the same name", ""},
    {"B33", "Windows against certificate authentication, role mismatch", ""},
    {"C01", "a bit of a sealed body", ""},
    {"C02", "a bit of an authenticated header", ""},
    {"C03", "a bit of the security header", ""},
    {"C04", "security header stripped from message 0", ""},
    {"C05", "security header on a later message", ""},
    {"C06", "downgrade from ENCRYPTION ON to OFF", ""},
    {"C07", "downgrade from full to anonymous", ""},
    {"C08", "ENCRYPTION = OFF although there is a binding", ""},
    {"C09", "negotiation of endpoints tampered with", ""},
    {"C10", "clear transport modified", ""},
    {"C11", "padding oracle", "", "", "", kTime},
    {"C12", "RSA decryption oracle", "", "", "", kTime},
    {"C13", "nonce reused by a peer", ""},
    {"C14", "session key reused by a peer", ""},
    {"C15", "collision of key exchange key ids", ""},
    {"C16", "key exchange key recycled or evicted", ""},
    {"C17", "target's private key stolen", ""},
    {"C18", "one session key stolen", ""},
    {"C19", "master key backup with a weak password", ""},
    {"C20", "failing random source", ""},
    {"C21", "lenient signature parsing", "",
     "tests/broker/crypto/rsa_test.cc: other paddings, hashes and salts, each byte, exponent 3"},
    {"C22", "session key of a wrong size", "",
     "the header fixes the size of the wrapped key, so of the key: "
     "tests/broker/dialog/header_test.cc; keys of other sizes: "
     "tests/broker/dialog/refusal_test.cc"},
    {"C23", "secrets in logs and artefacts", "",
     "canaries looked for in all that is written: tests/e2e/node_canary_test.cc, "
     "tests/e2e/run_canary_test.cc; keys are erased: "
     "tests/proto/secret_test.cc"},
    {"C24", "MAC comparison in variable time", "",
     "a rule of the code, no measurement: tests/tidy_test.cc"},
    {"C25", "weak integrity primitive of the original", "", "",
     "the MD5 of the original in the place of the seal is no option here, and will be none: the "
     "engine has AES-GCM alone"},
    {"D01", "frame or message truncated at every byte", ""},
    {"D02", "lengths that lie", ""},
    {"D03", "a byte a second", ""},
    {"D04", "stream in other portions", ""},
    {"D05", "another protocol on the port", ""},
    {"D06", "TDS headers", kTds},
    {"D07", "TDS PRELOGIN", kTds},
    {"D08", "TDS encryption stripped", kTds},
    {"D09", "TDS LOGIN7", kTds},
    {"D12", "close without close_notify", ""},
    {"D13", "SQL injection in identifiers", "",
     "tests/sql/hostile_names.test, tests/broker/tsql/lexer_test.cc"},
    {"D15", "parser bombs", "",
     "tests/broker/tsql/bombs_test.cc, tests/sim/scenario/script_test.cc, tests/fuzz/tsql_fuzz.cc"},
    {"D16", "include cycles", "", "tests/sim/scenario/script_test.cc, tests/sim/cli/cli_test.cc"},
    {"D17", "shell escapes", "", "tests/sim/scenario/script_test.cc, tests/sql/hostile_names.test"},
    {"D18", "path traversal in BACKUP and FROM FILE", "", "tests/transport/net/files_test.cc"},
    {"D20", "hostile XML bodies", ""},
    {"D22", "WebSocket", kWeb},
    {"D23", "HTTP", kWeb},
    {"D24", "cross-site requests", kWeb},
    {"D25", "markup in names and bodies", "",
     "control characters on a terminal and in JSON: tests/sim/cli/safe_output_test.cc, "
     "tests/sim/cli/cli_test.cc; "
     "XML: tests/sim/cli/cli_test.cc; of HTML there is nothing yet: no web server"},
    {"D27", "body sizes at the edges", ""},
    {"E01", "kill at each step", "",
     "tests/sim/storage_test.cc; with a whole dialog: scenarios/restart/whole_life.sql, "
     "scenarios/restart/whole_life_of_keys.sql by crash-sweep; processes: "
     "tests/e2e/node_process_test.cc"},
    {"E02", "torn and lost writes", "",
     "tests/sim/storage_test.cc, tests/broker/store/faulty_disk_test.cc; "
     "scenarios/restart/crash_at_a_write.sql"},
    {"E03", "bit rot", ""},
    {"E04", "disk full", "",
     "scenarios/restart/disk_full.sql, tests/broker/store/faulty_disk_test.cc"},
    {"E06", "database master key missing", ""},
    {"E07", "database master key not openable", ""},
    {"E08", "master key regenerated", ""},
    {"E09", "service master key regenerated or unreadable", ""},
    {"E10", "crash while keys are encrypted again", ""},
    {"E11", "wrong, empty and misplaced passwords", ""},
    {"E12", "restored copy beside the original", ""},
    {"E13", "duplicate broker GUID on two instances", kRestore},
    {"E14", "target restored to an older backup", kRestore},
    {"E16", "certificate missing in disaster recovery", ""},
    {"E17", "disaster recovery in the wrong order", ""},
    {"E18", "disaster recovery step skipped", kRecovery},
    {"E19", "stale replica of a secret", kRecovery},
    {"E20", "replica under the source region's key", kRecovery},
    {"E23", "both regions active", kRecovery},
    {"H01", "peer that never reads or answers", ""},
    {"H02", "storm of connections", ""},
    {"H03", "flapping connections", ""},
    {"H04", "flood of first messages with noise for keys", ""},
    {"H05", "routing loops", ""},
    {"H06", "poison message", ""},
    {"H07", "activation stuck, receive loops", ""},
    {"H08", "leak of conversations", ""},
    {"H09", "transmission queue of a peer that is down", ""},
    {"H11", "descriptors, memory, threads exhausted", "",
     "memory at any allocation of a node: tests/sim/scenario/simulated_faults_test.cc, "
     "tests/sim/allocation_test.cc, "
     "scenarios/restart/whole_life.sql by crash-sweep --count allocation; of descriptors and "
     "threads, which the "
     "simulator does not have, nothing"},
};

}  // namespace

std::span<const CatalogueEntry> catalogue_entries() {
  return kEntries;
}

const CatalogueEntry* find_entry(std::string_view id) {
  const auto* const end = std::end(kEntries);
  const auto* const found = std::find_if(
      std::begin(kEntries), end, [&](const CatalogueEntry& entry) { return entry.id == id; });
  return found == end ? nullptr : found;
}

std::vector<std::string_view> named_paths(std::string_view text) {
  std::vector<std::string_view> paths;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" ,;:"), text.size());
    if (text.starts_with("tests/") || text.starts_with("scenarios/"))
      paths.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return paths;
}

}  // namespace ssb::sim::cli
