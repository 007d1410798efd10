#include "broker/keys/key_file.h"

#include <algorithm>

#include "proto/error_code.h"

namespace ssb::broker::keys {
namespace {

using proto::Error;
using proto::ErrorCode;

constexpr std::string_view kMagic = "SSBKEY";
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeaderBytes = 6 + 2 + kPasswordSaltBytes + 4;
constexpr std::size_t kGuidBytes = 16;
constexpr std::size_t kKeyBytes = 32;
constexpr std::uint32_t kIterationsMax =
    10'000'000;  // a file must not keep the node busy for minutes

const char* purpose(KeyFileKind kind) {
  return kind == KeyFileKind::master_key ? "master key file" : "service master key file";
}

}  // namespace

proto::Result<void> write_key_file(catalog::Instance& instance, KeyFileKind kind,
                                   std::string_view file, std::string_view password,
                                   const KeyFileContents& contents) {
  if (auto policy = check_password_policy(password); !policy) return policy.error();
  proto::Secret clear(kGuidBytes + kKeyBytes);
  std::copy(contents.guid.bytes.begin(), contents.guid.bytes.end(), clear.writable().begin());
  const auto key = contents.key.view();
  std::copy(key.begin(), key.end(), clear.writable().begin() + kGuidBytes);
  const auto copy =
      seal_under_password(password, instance.password_iterations(), purpose(kind), clear.view());

  proto::Bytes bytes = proto::to_bytes(kMagic);
  bytes.push_back(kVersion);
  bytes.push_back(static_cast<std::uint8_t>(kind));
  bytes.insert(bytes.end(), copy.salt().begin(), copy.salt().end());
  const auto iterations = static_cast<std::uint32_t>(copy.iterations());
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    bytes.push_back(static_cast<std::uint8_t>(iterations >> shift & 0xFFU));
  }
  bytes.insert(bytes.end(), copy.sealed().begin(), copy.sealed().end());
  const auto written = instance.files().create(file, bytes);
  if (!written) return Error{ErrorCode::cannot_write_file, file, written.error()};
  return {};
}

proto::Result<KeyFileContents> read_key_file(catalog::Instance& instance, KeyFileKind kind,
                                             std::string_view file, std::string_view password) {
  const auto bytes = instance.files().read(file);
  const Error bad{ErrorCode::key_file_bad, file};
  if (!bytes || bytes->size() < kHeaderBytes) return bad;
  const proto::ByteView view = *bytes;
  std::uint32_t iterations = 0;
  for (const std::uint8_t byte : view.subspan(kHeaderBytes - 4, 4)) {
    iterations = iterations << 8U | byte;
  }
  const bool is_key_file = proto::as_text(view.first(kMagic.size())) == kMagic &&
                           view[6] == kVersion && view[7] == static_cast<std::uint8_t>(kind) &&
                           iterations > 0 && iterations <= kIterationsMax;
  if (!is_key_file) return bad;

  catalog::pb::PasswordCopy copy;
  copy.set_salt(proto::to_string(view.subspan(8, kPasswordSaltBytes)));
  copy.set_iterations(static_cast<std::int32_t>(iterations));
  copy.set_sealed(proto::to_string(view.subspan(kHeaderBytes)));
  const auto clear = open_under_password(password, purpose(kind), copy);
  if (!clear) {
    return Error{ErrorCode::decryption_failed,
                 "the password is not that of file '" + std::string(file) + "'"};
  }
  if (clear->size() != kGuidBytes + kKeyBytes) return bad;
  KeyFileContents contents;
  contents.guid = *proto::Guid::from_bytes(clear->view().first(kGuidBytes));
  contents.key = proto::Secret(clear->view().subspan(kGuidBytes));
  return contents;
}

}  // namespace ssb::broker::keys
