// Session keys of endpoints: in clear only while the broker can open the database master key by itself, and sealed in their rows.
//
//   Shape   a key whose SessionKey::key is empty is closed: its id and its sealed form are known. So whether a key may be used costs
//           nothing per message; everything that changes who opens the master key comes to master_key_changed.
//   Source  reference service-broker.md 2.4.
#include <algorithm>

#include "broker/conversation/state.h"
#include "broker/crypto/failure.h"
#include "broker/keys/key_hierarchy.h"
#include "proto/error_code.h"

namespace ssb::broker::conversation {
namespace {

using dialog::KeySlot;

bool is_closed(const std::optional<dialog::SessionKey>& key) {
  return key && key->key.empty();
}

void close(std::optional<dialog::SessionKey>& key) {
  if (key) key->key = proto::Secret();
}

std::optional<dialog::SessionKey> open_stored(const Endpoint& endpoint, KeySlot slot,
                                              const proto::Secret& master_key) {
  const bool is_outbound = slot == KeySlot::outbound;
  const auto& key = is_outbound ? endpoint.outbound : endpoint.inbound;
  const auto& sealed = is_outbound ? endpoint.outbound_sealed : endpoint.inbound_sealed;
  return dialog::load_session_key(master_key, endpoint.conversation, endpoint.is_initiator, slot,
                                  key->id, sealed);
}

}  // namespace

proto::Result<void> Engine::State::keep_keys(Endpoint& endpoint) {
  const proto::Error not_saved(proto::ErrorCode::cannot_save_session_key,
                               database_name(endpoint.database));
  const auto master_key = keys::open_by_service_master_key(instance, endpoint.database);
  if (!master_key) return not_saved;
  const auto seal = [&](const std::optional<dialog::SessionKey>& key, proto::Bytes& sealed,
                        KeySlot slot) {
    if (!key) return true;
    if (is_closed(key)) return false;
    ++database(endpoint.database)->keys.counts.keys_stored;
    sealed = dialog::store_session_key(*master_key, endpoint.conversation, endpoint.is_initiator,
                                       slot, *key);
    return true;
  };
  return crypto::guarded([&]() -> proto::Result<void> {
    const bool kept = seal(endpoint.outbound, endpoint.outbound_sealed, KeySlot::outbound) &&
                      seal(endpoint.inbound, endpoint.inbound_sealed, KeySlot::inbound);
    touch(endpoint);
    if (!kept) return not_saved;
    return {};
  });
}

void Engine::State::open_keys(Endpoint& endpoint, const proto::Secret& master_key) {
  const auto open = [&](std::optional<dialog::SessionKey>& key, KeySlot slot) {
    if (!is_closed(key)) return;
    ++database(endpoint.database)->keys.counts.keys_loaded;
    if (auto opened = open_stored(endpoint, slot, master_key)) key = std::move(*opened);
  };
  open(endpoint.outbound, KeySlot::outbound);
  open(endpoint.inbound, KeySlot::inbound);
}

bool Engine::State::can_use_keys(Endpoint& endpoint) {
  if (!is_closed(endpoint.outbound) && !is_closed(endpoint.inbound)) return true;
  if (const auto master_key = keys::open_by_service_master_key(instance, endpoint.database))
    open_keys(endpoint, *master_key);
  return !is_closed(endpoint.outbound) && !is_closed(endpoint.inbound);
}

bool Engine::State::reseal_keys(Endpoint& endpoint, const proto::Secret& present,
                                const std::vector<proto::Secret>& known) {
  const auto reseal = [&](const std::optional<dialog::SessionKey>& key, proto::Bytes& sealed,
                          KeySlot slot) {
    if (!key) return true;
    dialog::OperationCounts& counts = database(endpoint.database)->keys.counts;
    ++counts.keys_loaded;
    if (open_stored(endpoint, slot, present)) return true;
    for (const proto::Secret& before : known) {
      ++counts.keys_loaded;
      const auto opened = open_stored(endpoint, slot, before);
      if (!opened) continue;
      ++counts.keys_stored;
      sealed = dialog::store_session_key(present, endpoint.conversation, endpoint.is_initiator,
                                         slot, *opened);
      touch(endpoint);
      return true;
    }
    return false;
  };
  const bool has_outbound = reseal(endpoint.outbound, endpoint.outbound_sealed, KeySlot::outbound);
  const bool has_inbound = reseal(endpoint.inbound, endpoint.inbound_sealed, KeySlot::inbound);
  return has_outbound && has_inbound;
}

void Engine::master_key_changed(store::DatabaseId id, const std::vector<proto::Secret>& known,
                                proto::TimePoint now) {
  State& state = *state_;
  const auto by_broker = keys::open_by_service_master_key(state.instance, id);
  const auto* row = std::as_const(state.instance).database(id)->master_key();
  const proto::Secret* present = by_broker ? &*by_broker : nullptr;
  for (const proto::Secret& key : known) {
    if (present == nullptr && row != nullptr && keys::is_key_of(*row, key)) present = &key;
  }
  // Half of them sealed again is no state to go on with: the instance ends, and comes back with what is durable.
  const auto reseal = [&](Endpoint& endpoint) {
    try {
      return state.reseal_keys(endpoint, *present, known);
    } catch (const crypto::CryptoFailure& failure) {
      throw store::StoreFailure(
          std::string("session keys cannot be sealed under another master key: ") + failure.what());
    }
  };
  for (const auto handle : state.handles(id)) {
    Endpoint& endpoint = *state.endpoint(id, handle);
    if (!endpoint.outbound && !endpoint.inbound) continue;
    // From what is stored, not from what is open: a restart in between makes no difference.
    const bool is_lost = present != nullptr && !reseal(endpoint);
    if (is_lost || !by_broker) {
      close(endpoint.outbound);
      close(endpoint.inbound);
    }
    if (is_lost && endpoint.is_active())
      state.fail(endpoint, -28052, proto::Error(proto::ErrorCode::session_key_lost).text(), now);
    state.rest_early(*state.database(id));
  }
  catalog_changed(id, now);
}

}  // namespace ssb::broker::conversation
