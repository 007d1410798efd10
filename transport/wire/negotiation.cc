#include "transport/wire/negotiation.h"

#include <algorithm>
#include <set>

#include "proto/error_code.h"

namespace ssb::wire {
namespace {

using proto::Error;
using proto::ErrorCode;

bool is_windows(int method) {
  return method >= Negotiate::NTLM && method <= Negotiate::NEGOTIATE;
}

// Whether a Windows method of one side and one of the other could speak: NEGOTIATE with each, the
// others with themselves.
bool windows_methods_meet(const Negotiate& a, const Negotiate& b) {
  for (const int x : a.authentication()) {
    for (const int y : b.authentication()) {
      if (!is_windows(x) || !is_windows(y)) continue;
      if (x == y || x == Negotiate::NEGOTIATE || y == Negotiate::NEGOTIATE) return true;
    }
  }
  return false;
}

template <typename List>
bool contains(const List& list, int value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

template <typename List>
bool in_range_and_distinct(const List& list, int low, int high) {
  std::set<int> seen;
  return std::all_of(list.begin(), list.end(), [&](int value) {
    return value >= low && value <= high && seen.insert(value).second;
  });
}

Error nothing_compatible(std::string what, int state) {
  return Error(ErrorCode::nothing_compatible, std::move(what), std::to_string(state))
      .with_state(state);
}

const char* method_name(int method) {
  switch (method) {
    case Negotiate::NTLM: return "NTLM";
    case Negotiate::KERBEROS: return "KERBEROS";
    case Negotiate::NEGOTIATE: return "NEGOTIATE";
    case Negotiate::CERTIFICATE: return "CERTIFICATE";
    default: return "?";
  }
}

}  // namespace

Negotiate offer_of(const broker::catalog::pb::Endpoint& endpoint, std::string_view instance_name,
                   proto::InstanceId instance_id) {
  Negotiate offer;
  offer.set_version(kProtocolVersion);
  offer.set_instance_name(std::string(instance_name.substr(0, kInstanceNameBytesMax)));
  offer.set_instance_id(proto::to_string(instance_id.view()));
  const bool is_mirroring = endpoint.kind() == broker::catalog::pb::Endpoint::DATABASE_MIRRORING;
  offer.set_kind(is_mirroring ? Negotiate::DATABASE_MIRRORING : Negotiate::SERVICE_BROKER);
  if (is_mirroring) offer.set_mirroring_role(static_cast<std::uint32_t>(endpoint.role()));

  // connection_auth of the catalog: 1-3 Windows, 4 certificate, 5-7 Windows first, 8-10 certificate
  // first.
  const int auth = endpoint.connection_auth();
  if (auth >= 8) offer.add_authentication(Negotiate::CERTIFICATE);
  if (auth != 4)
    offer.add_authentication(
        static_cast<Negotiate::Authentication>((auth - (auth >= 5 ? 5 : 1)) % 3 + 1));
  if (auth >= 4 && auth <= 7) offer.add_authentication(Negotiate::CERTIFICATE);

  // encryption_algorithm of the catalog: 0 disabled; 1, 2, 5, 6 required; 3, 4, 7, 8 supported.
  const int encryption = endpoint.encryption_algorithm();
  const bool is_required = encryption == 1 || encryption == 2 || encryption == 5 || encryption == 6;
  offer.set_encryption(encryption == 0 ? Negotiate::DISABLED
                       : is_required   ? Negotiate::REQUIRED
                                       : Negotiate::SUPPORTED);
  const bool rc4_first = encryption == 1 || encryption == 3 || encryption == 5 || encryption == 7;
  if (encryption != 0) offer.add_algorithms(rc4_first ? Negotiate::RC4 : Negotiate::AES);
  if (encryption >= 5) offer.add_algorithms(rc4_first ? Negotiate::AES : Negotiate::RC4);
  return offer;
}

bool is_well_formed(const Negotiate& offer) {
  return offer.instance_name().size() <= kInstanceNameBytesMax &&
         offer.instance_id().size() == 16 &&
         (offer.kind() == Negotiate::SERVICE_BROKER ||
          offer.kind() == Negotiate::DATABASE_MIRRORING) &&
         offer.mirroring_role() <= 3 && !offer.authentication().empty() &&
         in_range_and_distinct(offer.authentication(), Negotiate::NTLM, Negotiate::CERTIFICATE) &&
         offer.encryption() >= Negotiate::DISABLED && offer.encryption() <= Negotiate::REQUIRED &&
         in_range_and_distinct(offer.algorithms(), Negotiate::RC4, Negotiate::AES) &&
         offer.algorithms().empty() == (offer.encryption() == Negotiate::DISABLED) &&
         (offer.chosen_authentication() == Negotiate::AUTHENTICATION_NONE ||
          offer.chosen_authentication() == Negotiate::CERTIFICATE) &&
         offer.chosen_algorithm() >= Negotiate::ALGORITHM_NONE &&
         offer.chosen_algorithm() <= Negotiate::AES;
}

proto::Result<Negotiate::Algorithm> choose(const Negotiate& initiator, const Negotiate& acceptor) {
  if (initiator.version() != acceptor.version())
    return nothing_compatible("protocol version", kStateProtocolVersion);
  const bool certificates = contains(initiator.authentication(), Negotiate::CERTIFICATE) &&
                            contains(acceptor.authentication(), Negotiate::CERTIFICATE);
  if (!certificates) {
    return nothing_compatible(
        windows_methods_meet(initiator, acceptor)
            ? "authentication protocol: Windows authentication is not simulated, give both "
              "endpoints AUTHENTICATION = CERTIFICATE"
            : "authentication protocol",
        kStateAuthentication);
  }
  const auto one_is = [&](Negotiate::Requirement requirement) {
    return initiator.encryption() == requirement || acceptor.encryption() == requirement;
  };
  if (one_is(Negotiate::DISABLED)) {
    if (one_is(Negotiate::REQUIRED))
      return nothing_compatible("encryption algorithm", kStateEncryption);
    return Negotiate::CLEAR;
  }
  for (const int algorithm : acceptor.algorithms()) {
    if (contains(initiator.algorithms(), algorithm))
      return static_cast<Negotiate::Algorithm>(algorithm);
  }
  return nothing_compatible("encryption algorithm", kStateEncryption);
}

broker::crypto::TlsCipher cipher_of(Negotiate::Algorithm algorithm) {
  if (algorithm == Negotiate::AES) return broker::crypto::TlsCipher::aes_128_gcm;
  if (algorithm == Negotiate::RC4) return broker::crypto::TlsCipher::chacha20_poly1305;
  return broker::crypto::TlsCipher::integrity_only;
}

const char* kind_name(Negotiate::Kind kind) {
  return kind == Negotiate::DATABASE_MIRRORING ? "Database Mirroring" : "Service Broker";
}

std::string methods_text(const Negotiate& offer) {
  std::string text;
  for (const int method : offer.authentication()) {
    if (!text.empty()) text += ", ";
    text += method_name(method);
  }
  return text;
}

std::string encryption_text(const Negotiate& offer) {
  if (offer.encryption() == Negotiate::DISABLED) return "DISABLED";
  std::string text = offer.encryption() == Negotiate::REQUIRED ? "REQUIRED" : "SUPPORTED";
  const char* separator = " ";
  for (const int algorithm : offer.algorithms()) {
    text += separator;
    text += algorithm_name(static_cast<Negotiate::Algorithm>(algorithm));
    separator = ", ";
  }
  return text;
}

const char* algorithm_name(Negotiate::Algorithm algorithm) {
  if (algorithm == Negotiate::AES) return "AES";
  if (algorithm == Negotiate::RC4) return "RC4";
  return "NONE";
}

std::string displayable(std::string_view text, std::size_t bytes_max) {
  // Through UTF-16 and back, what is not UTF-8 becomes U+FFFD.
  std::string clean = proto::from_utf16le(proto::to_utf16le(text.substr(0, bytes_max)));
  for (char& c : clean) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  while (clean.size() >
         bytes_max) {  // replacements are longer than what they replace: cut whole characters
    do {
      clean.pop_back();
    } while (!clean.empty() && (static_cast<unsigned char>(clean.back()) & 0xC0) == 0x80);
    if (!clean.empty() && (static_cast<unsigned char>(clean.back()) & 0xC0) == 0xC0)
      clean.pop_back();
  }
  return clean;
}

}  // namespace ssb::wire
