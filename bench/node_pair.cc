#include "bench/node_pair.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include <malloc.h>
#include <unistd.h>

namespace ssb::bench {

using namespace ssb::broker;

std::vector<SetUpBatch> two_instances(int port) {
  std::vector<SetUpBatch> batches;
  for (const std::size_t instance : {0, 1}) {
    std::string text = "CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Master_key_1!';";
    if (port != 0)
      text +=
          "CREATE CERTIFICATE c WITH SUBJECT = 'endpoint'; CREATE ENDPOINT e STATE = STARTED AS "
          "TCP "
          "(LISTENER_PORT = " +
          std::to_string(port) +
          ") FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE c);"
          "GRANT CONNECT ON ENDPOINT::e TO public;";
    batches.push_back({instance, text + "CREATE DATABASE d;"});
    batches.push_back(
        {instance,
         "USE d; CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Database_key_1!'; CREATE USER svc "
         "WITHOUT LOGIN; CREATE QUEUE q; GRANT RECEIVE ON q TO svc;"});
  }
  batches.push_back(
      {1,
       "USE d; CREATE CERTIFICATE target AUTHORIZATION svc WITH SUBJECT = 'target'; BACKUP "
       "CERTIFICATE target TO FILE = 't.cer';"
       "CREATE SERVICE Target AUTHORIZATION svc ON QUEUE q ([DEFAULT]);"
       "CREATE ROUTE r WITH SERVICE_NAME = 'Initiator', ADDRESS = 'TCP://HOST_A:14022';"});
  batches.push_back(
      {0,
       "USE d; CREATE CERTIFICATE initiator AUTHORIZATION svc WITH SUBJECT = 'initiator'; BACKUP "
       "CERTIFICATE initiator TO FILE = 'i.cer';"
       "CREATE SERVICE Initiator AUTHORIZATION svc ON QUEUE q; CREATE USER proxy WITHOUT LOGIN;"
       "CREATE CERTIFICATE target AUTHORIZATION proxy FROM FILE = 't.cer';"
       "CREATE ROUTE r WITH SERVICE_NAME = 'Target', ADDRESS = 'TCP://HOST_B:14022';"
       "CREATE REMOTE SERVICE BINDING rsb TO SERVICE 'Target' WITH USER = proxy;"});
  batches.push_back(
      {1,
       "USE d; CREATE USER initiator WITHOUT LOGIN; CREATE CERTIFICATE initiator AUTHORIZATION "
       "initiator FROM FILE = 'i.cer'; GRANT SEND ON SERVICE::Target TO initiator;"});
  return batches;
}

crypto::RsaKeySource two_keys() {
  const auto pool = std::make_shared<std::vector<crypto::RsaPrivateKey>>();
  const auto next = std::make_shared<std::size_t>(0);
  for (int i = 0; i < 2; ++i) pool->push_back(crypto::RsaPrivateKey::generate(2048));
  return [pool, next](int) { return (*pool)[(*next)++ % pool->size()]; };
}

NodePair::NodePair(const std::filesystem::path& below)
    : keys_(two_keys()), now_(*proto::parse_datetime("2024-01-01 09:00:00")) {
  std::string name = below / "node_pair_XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for the benchmark");
  folder_ = name;
  ends_[kInitiator].name = "HOST_A";
  ends_[kTarget].name = "HOST_B";
  for (End& end : ends_) open(end);
  for (SetUpBatch& batch : two_instances(0)) run(batch.instance, std::move(batch.text));
  settle();
}

NodePair::~NodePair() {
  stop();
  std::error_code gone;
  std::filesystem::remove_all(folder_, gone);
}

void NodePair::open(End& end) {
  NodeOptions options;
  options.name = end.name;
  options.folder = folder_ / end.name;
  options.store.flushed = false;
  end.node = std::make_unique<Node>(std::move(options), files_, keys_,
                                    proto::Secret(std::size_t{32}), now_);
  end.inbox.emplace_back(SessionOpened{1, {}});
}

void NodePair::stop() {
  for (End& end : ends_) {
    end.node.reset();
    end.inbox.clear();
  }
}

void NodePair::start_again(std::size_t instance) {
  open(ends_.at(instance));
}

void NodePair::run(std::size_t instance, std::string batch) {
  const std::uint64_t before = finished_;
  ends_.at(instance).inbox.emplace_back(BatchSubmitted{1, std::move(batch)});
  while (finished_ == before) turn();
}

void NodePair::start(std::size_t instance, Work work) {
  ends_.at(instance).inbox.emplace_back(ClientWork{1, std::move(work)});
}

void NodePair::work(std::size_t instance, Work work) {
  const std::uint64_t before = finished_;
  start(instance, std::move(work));
  while (finished_ == before) {
    if (!turn()) throw std::runtime_error("a transaction waits for what does not come");
  }
}

void NodePair::settle() {
  while (turn()) {
  }
}

bool NodePair::turn() {
  bool is_busy = false;
  for (std::size_t i = 0; i < ends_.size(); ++i) is_busy |= turn(ends_[i], ends_[1 - i]);
  if (is_busy) return true;
  proto::TimePoint next = proto::kNever;
  for (const End& end : ends_) {
    if (end.node != nullptr) next = std::min(next, end.node->settle_deadline());
  }
  if (next == proto::kNever) return false;
  now_ = std::max(now_, next);
  return true;
}

bool NodePair::turn(End& end, End& other) {
  if (end.node == nullptr) return false;
  const bool is_due = end.node->deadline() <= now_;
  if (end.inbox.empty() && !is_due) return false;
  if (is_due) end.node->handle(TimerDue{}, now_);
  for (const Event& event : std::exchange(end.inbox, {})) end.node->handle(event, now_);
  NodeActions actions;
  end.node->commit(actions);
  for (NodeAction& action : actions) perform(end, other, action);
  return true;
}

void NodePair::perform(End& end, End& other, NodeAction& action) {
  if (auto* transmit = std::get_if<Transmit>(&action)) {
    end.inbox.emplace_back(LinkRoom{transmit->address, proto::link_bytes_of(transmit->message)});
    if (other.node != nullptr)
      other.inbox.emplace_back(MessageArrived{std::move(transmit->message), end.name});
  } else if (const auto* done = std::get_if<ClientDone>(&action)) {
    if (!done->result) throw std::runtime_error(done->result.error().text());
    ++finished_;
  } else if (std::get_if<BatchFinished>(&action) != nullptr) {
    ++finished_;
  } else if (const auto* output = std::get_if<BatchOutput>(&action)) {
    for (const tsql::OutputItem& item : output->items) {
      const auto* message = std::get_if<tsql::ServerMessage>(&item);
      if (message != nullptr && message->severity > 10)
        throw std::runtime_error(message->error.text());
    }
  }
}

std::size_t resident_bytes() {
  ::malloc_trim(0);
  std::ifstream in("/proc/self/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  in >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace ssb::bench
