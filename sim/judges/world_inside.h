// Inside, of a World's nodes.
//
//   A look is a SELECT through the node's own store, which sees what was accepted and nothing of open transactions, or a read of its catalog.
//   Errors  a store that fails while it is looked into shows nothing, and a node whose disk has failed counts as down already: it will
//           notice by itself.
#pragma once

#include "broker/conversation/message_log.h"
#include "sim/judges/inside.h"
#include "sim/world.h"

namespace ssb::sim::judges {

// Larger instances have no contents: see Inside::contents.
inline constexpr std::int64_t kRowsMax = 100'000;

class WorldInside : public Inside {
 public:
  explicit WorldInside(World& world) : world_(world) {}  // the world must outlive this

  [[nodiscard]] std::size_t hosts() const override { return world_.hosts(); }
  [[nodiscard]] std::string name(Host host) const override { return world_.name(host); }
  [[nodiscard]] bool is_running(Host host) const override {
    return world_.is_running(host) && !world_.disk(host).is_failing();
  }
  [[nodiscard]] proto::TimePoint now() const override { return world_.now(); }
  [[nodiscard]] proto::TimePoint now_at(Host host) const override { return world_.now_at(host); }
  [[nodiscard]] bool is_disk_honest(Host host) const override;

  [[nodiscard]] std::vector<StoredEndpoint> endpoints(Host host) const override;
  [[nodiscard]] std::optional<StoredEndpoint> endpoint(const EndpointPlace& place) const override;
  [[nodiscard]] std::optional<proto::Bytes> waiting_body(const EndpointPlace& place,
                                                         std::uint64_t sequence) const override;
  [[nodiscard]] std::vector<WaitingEndpoint> waiting(Host host) const override;
  [[nodiscard]] HeldBack held_back(const StoredEndpoint& endpoint) const override;
  [[nodiscard]] Contents contents(Host host) const override;
  [[nodiscard]] std::vector<std::string> damage(Host host) const override;
  [[nodiscard]] std::vector<broker::conversation::Fill> fills(Host host) const override;

  [[nodiscard]] std::vector<std::string> databases(Host host) const override;
  [[nodiscard]] bool has_service(Host host, const std::string& database,
                                 const std::string& service) const override;
  [[nodiscard]] std::string broker_id(Host host, const std::string& database) const override;
  [[nodiscard]] std::vector<CertificateFacts> certificates(
      Host host, const std::string& database) const override;
  [[nodiscard]] bool may(Host host, const std::string& database, std::int32_t principal,
                         const char* permission, const std::string& service) const override;
  [[nodiscard]] std::optional<broker::dialog::SessionKey> session_key(
      const EndpointPlace& place, const std::string& key_id) const override;

 private:
  [[nodiscard]] const broker::catalog::Instance* instance(Host host) const;
  [[nodiscard]] const broker::catalog::Catalog* catalog(Host host,
                                                        const std::string& database) const;
  // The rows of a SELECT; none when it cannot be asked.
  [[nodiscard]] std::vector<broker::conversation::WaitingMessage> messages(
      Host host, broker::store::DatabaseId database) const;
  // Rows that the engine wrote without SQL.
  [[nodiscard]] std::vector<broker::store::Store::Record> records(
      Host host, broker::store::DatabaseId database, std::string_view table) const;
  [[nodiscard]] broker::store::RecordValue record(Host host, broker::store::DatabaseId database,
                                                  std::string_view table,
                                                  proto::ByteView key) const;
  [[nodiscard]] std::vector<broker::store::Row> rows(
      Host host, broker::store::DatabaseId database, const std::string& select,
      const std::vector<broker::store::Value>& parameters = {}) const;

  World& world_;
  mutable std::uint64_t last_pack_ = 0;  // where the last waiting body was
};

}  // namespace ssb::sim::judges
