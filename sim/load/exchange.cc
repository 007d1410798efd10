#include "sim/load/exchange.h"

#include <charconv>
#include <fstream>
#include <sstream>
#include <system_error>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "sim/load/report.h"

namespace ssb::sim::load {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

// CREATE ENDPOINT takes 1024 to 32767; the upper part is seldom anybody's.
constexpr int kFirstPort = 20'000;
constexpr int kPorts = 12'000;

fs::path file_of(const fs::path& folder, Side side) {
  return folder / fmt::format("{}.json", name(side));
}

[[noreturn]] void fail(const fs::path& file, std::string_view why) {
  throw LoadFailure(fmt::format("'{}' {}", file.string(), why));
}

}  // namespace

void write_introduction(const fs::path& folder, Side of, const Introduction& introduction) {
  json::object certificates;
  for (const auto& [file, bytes] : introduction.certificates)
    certificates[file] = proto::to_hex(bytes);
  json::object line{{"load", introduction.load},
                    {"address", introduction.address},
                    {"certificates", std::move(certificates)}};
  if (introduction.workload) line["workload"] = to_json(*introduction.workload);
  std::error_code error;
  fs::create_directories(folder, error);
  const fs::path file = file_of(folder, of);
  const fs::path partial = file.string() + ".partial";
  std::ofstream out(partial, std::ios::binary | std::ios::trunc);
  out << json::serialize(line) << std::endl;
  const bool is_written = out.good();
  out.close();
  if (!is_written) fail(partial, "cannot be written");
  fs::rename(partial, file, error);
  if (error) fail(file, "cannot be written: " + error.message());
}

std::optional<Introduction> read_introduction(const fs::path& folder, Side of) {
  const fs::path file = file_of(folder, of);
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream text;
  text << in.rdbuf();
  try {
    const json::value value = json::parse(text.str());
    Introduction out;
    out.load = value.at("load").as_string();
    out.address = value.at("address").as_string();
    for (const auto& [certificate, hex] : value.at("certificates").as_object()) {
      const auto bytes = proto::from_hex(std::string_view(hex.as_string()));
      const fs::path safe = std::string(certificate);
      if (!bytes || safe.filename() != safe) fail(file, "has a certificate that is none");
      out.certificates[safe.string()] = *bytes;
    }
    if (const auto* workload = value.as_object().if_contains("workload"))
      out.workload = workload_of(workload->as_object());
    return out;
  } catch (const LoadFailure&) {
    throw;
  } catch (const std::exception& error) {
    fail(file, fmt::format("is no introduction of a load: {}", error.what()));
  }
}

std::map<std::string, proto::Bytes> read_certificates(const fs::path& files, Side of,
                                                      Security security) {
  std::map<std::string, proto::Bytes> out;
  for (const std::string& file : certificate_files(of, security)) {
    std::ifstream in(files / file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) fail(files / file, "cannot be read");
    out[file] = proto::to_bytes(text.str());
  }
  return out;
}

void write_certificates(const fs::path& files, const Introduction& introduction) {
  for (const auto& [file, bytes] : introduction.certificates) {
    std::ofstream out(files / file, std::ios::binary | std::ios::trunc);
    out << proto::to_string(bytes) << std::flush;
    if (!out) fail(files / file, "cannot be written");
  }
}

std::string HostPort::text() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::optional<HostPort> parse_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  HostPort out;
  std::string_view host = text.substr(0, colon);
  if (host.front() == '[') {
    if (host.size() < 3 || host.back() != ']') return std::nullopt;
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (error != std::errc() || port.empty() || end != port.data() + port.size()) return std::nullopt;
  out.host = host;
  return out;
}

HostPort with_free_port(HostPort at) {
  namespace asio = boost::asio;
  boost::system::error_code error;
  const auto address = asio::ip::make_address(at.host, error);
  if (error) throw LoadFailure(fmt::format("'{}' is no address to listen on", at.host));
  if (at.port != 0) return at;
  asio::io_context io;
  const int first = static_cast<int>(::getpid()) % kPorts;
  for (int i = 0; i < kPorts; ++i) {
    const auto port = static_cast<std::uint16_t>(kFirstPort + (first + i) % kPorts);
    asio::ip::tcp::acceptor acceptor(io);
    const asio::ip::tcp::endpoint endpoint(address, port);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.bind(endpoint, error);
    if (error) continue;
    at.port = port;
    return at;
  }
  throw LoadFailure(fmt::format("no port of {} is free", at.host));
}

}  // namespace ssb::sim::load
