#include "sim/workload/generate.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "sim/workload/script_writer.h"

namespace ssb::sim::workload {
namespace {

const char* security_name(Security security) {
  switch (security) {
    case Security::none: return "none";
    case Security::anonymous: return "anonymous";
    case Security::full: return "full";
  }
  return "";
}

// Tells the dialogs of a plan one after the other. Each ends cleaned up, so that what one leaves waiting does not speak in the next.
class Story {
 public:
  Story(Plan plan, Random& random)
      : random_(random), setup_(std::move(plan)), world_(setup_.world), out_(setup_.world) {}

  Generated tell(std::uint64_t seed) {
    write_setup(setup_, out_);
    for (const Change& change : setup_.afterwards) apply(change, world_);
    for (const Dialog& dialog : setup_.dialogs) {
      if (!chapter(dialog) || !random_.chance(0.5)) continue;
      if (change_something(dialog)) chapter(dialog);
    }
    return {head(seed) + out_.take_text(), std::move(told_)};
  }
  [[nodiscard]] bool has_told() const { return !told_.empty(); }

 private:
  using Status = Forecast::Status;

  // ---- who is who ----
  const Service& from(const Dialog& d) const { return world_.services[d.from]; }
  const Service& to(const Dialog& d) const { return world_.services[d.to]; }
  std::size_t instance_of(const Service& service) const {
    return world_.databases[service.database].instance;
  }

  // ---- the head ----
  std::string head(std::uint64_t seed) const {
    std::string text =
        fmt::format("--# scenario Generated from seed {0}\n--# seed {0}\n--# clock {1}\n", seed,
                    date_text(-kSetupDays * kHoursOfDay).substr(0, 10));
    text += "-- Printed by: ssbsim generate " + std::to_string(seed) + "\n";
    text += "-- What the reference says of each dialog:\n";
    for (const std::string& line : table_) text += "--   " + line + "\n";
    return text;
  }
  void tabulate(const Dialog& d, const Forecast& f, const std::string& what, const Service& sender,
                const Service& receiver, Told::Kind kind) {
    std::string line = fmt::format("{} -> {}, {}: {}", sender.name, receiver.name, what,
                                   security_name(f.security));
    if (!f.signed_with.empty()) line += ", signed with " + f.signed_with;
    if (!f.encrypted_for.empty()) line += ", encrypted for " + f.encrypted_for;
    if (kind == Told::Kind::first)
      line += fmt::format(", ENCRYPTION = {}", d.wants_encryption ? "ON" : "OFF");
    line += "; " + f.why;
    out_.directive("note " + f.why);
    table_.push_back(std::move(line));
    told_.push_back({sender.name, receiver.name, kind, f});
  }

  // ---- expectations ----
  void expect(const std::string& text) { out_.directive("expect " + text); }

  void expect_event(const ExpectedEvent& event) {
    constexpr int kErrorLog = 22;
    const std::string& node = world_.instances[event.instance].name;
    if (event.event == kErrorLog)
      return expect(fmt::format("errorlog {} on {}", *event.error, node));
    std::string text = fmt::format("event {}", event.event);
    if (event.subclass) text += fmt::format(" subclass {}", *event.subclass);
    if (event.error) text += fmt::format(" error {}", *event.error);
    if (event.state) text += fmt::format(" state {}", *event.state);
    expect(text + " on " + node);
  }

  void expect_status(const Forecast& f, const Service& sender, const Service& receiver) {
    const std::string rest =
        fmt::format(" for {} on {}", receiver.name, out_.place(sender.database));
    switch (f.status) {
      case Status::none: expect("status none" + rest); break;
      case Status::empty: expect("status empty" + rest); break;
      case Status::number: expect(fmt::format("status {}{}", f.number, rest)); break;
      case Status::any:
        out_.directive("settle");
        out_.in(sender.database);
        out_.statement(fmt::format(
            "SELECT CASE WHEN MAX(LEN(transmission_status)) > 0 THEN 'says why' ELSE 'is silent' "
            "END FROM sys.transmission_queue WHERE to_service_name = '{}';",
            receiver.name));
        out_.go();
        expect("value 'says why'");
        break;
      case Status::unchecked: break;
    }
  }

  // What a forecast says of `count` messages that have just been sent.
  void expect_all(const Forecast& f, const Service& sender, const Service& receiver, int count) {
    expect(fmt::format("delivered {} to [{}] on {}", f.is_delivered ? count : 0, receiver.queue,
                       out_.place(receiver.database)));
    expect_status(f, sender, receiver);
    for (const ExpectedEvent& event : f.events) expect_event(event);
    if (f.queue_error) expect_error(*f.queue_error, sender, receiver);
    if (f.later_events.empty() && f.is_delivered) {
      for (const int event : {158, 160, 161}) {
        for (const std::size_t node : {instance_of(sender), instance_of(receiver)})
          expect(fmt::format("no event {} on {}", event, world_.instances[node].name));
      }
    }
    if (!f.later_events.empty()) out_.directive("advance 3m");
    for (const ExpectedEvent& event : f.later_events) expect_event(event);
  }

  // An Error message, and an endpoint that can do nothing any more but end (1.2).
  void expect_error(int number, const Service& sender, const Service& receiver) {
    expect(fmt::format("queue error {} in [{}] on {}", number, sender.queue,
                       out_.place(sender.database)));
    out_.in(sender.database);
    out_.statement(fmt::format(
        "SELECT state FROM sys.conversation_endpoints WHERE far_service = '{}' AND state <> 'CD';",
        receiver.name));
    out_.go();
    expect("value 'ER'");
  }

  void expect_wire(const Forecast& f, const Service& sender, const Service& receiver,
                   const std::string& body) {
    const Instance& a = world_.instances[instance_of(sender)];
    const Instance& b = world_.instances[instance_of(receiver)];
    const bool is_clear = a.encryption == Instance::Encryption::disabled ||
                          b.encryption == Instance::Encryption::disabled;
    const bool is_readable = is_clear && f.security == Security::none;
    expect(fmt::format("wire {} '{}' between {} and {}", is_readable ? "plaintext" : "ciphertext",
                       body, a.name, b.name));
  }

  // ---- statements of a dialog ----
  std::string body(const char* kind, int number) const {
    return fmt::format("{} {} of dialog {}", kind, number, dialogs_);
  }
  static std::string number_of(const Service& target) {
    return target.contract.substr(target.contract.rfind('_') + 1);
  }
  void find_handle(const Service& far) {
    out_.statement("DECLARE @h uniqueidentifier;");
    out_.statement(fmt::format(
        "SELECT @h = conversation_handle FROM sys.conversation_endpoints WHERE far_service = '{}' "
        "AND state <> 'CD';",
        far.name));
  }
  void send_orders(const Dialog& d, int count, bool is_new) {
    out_.directive("mark");
    out_.in(from(d).database);
    if (is_new) {
      out_.statement("DECLARE @h uniqueidentifier;");
      out_.statement(fmt::format(
          "BEGIN DIALOG @h FROM SERVICE {} TO SERVICE '{}'{} ON CONTRACT {} WITH ENCRYPTION = {};",
          from(d).name, to(d).name,
          d.names_unknown_broker ? ", '12345678-90AB-4CDE-8F01-234567890ABC'" : "", to(d).contract,
          d.wants_encryption ? "ON" : "OFF"));
    } else {
      find_handle(to(d));
    }
    for (int i = 0; i < count; ++i)
      out_.statement(fmt::format("SEND ON CONVERSATION @h MESSAGE TYPE order_{} (N'{}');",
                                 number_of(to(d)), body("order", ++orders_)));
    out_.go();
  }
  void send_receipts(const Dialog& d, int count) {
    out_.directive("mark");
    out_.in(to(d).database);
    find_handle(from(d));
    for (int i = 0; i < count; ++i)
      out_.statement(fmt::format("SEND ON CONVERSATION @h MESSAGE TYPE receipt_{} (N'{}');",
                                 number_of(to(d)), body("receipt", ++receipts_)));
    out_.go();
  }
  void clean_up(const Dialog& d) {
    for (const auto& [near, far] : {std::pair(d.from, d.to), std::pair(d.to, d.from)}) {
      out_.in(world_.services[near].database);
      find_handle(world_.services[far]);
      out_.statement("IF @h IS NOT NULL END CONVERSATION @h WITH CLEANUP;");
      out_.go();
    }
  }

  // ---- a chapter ----
  bool chapter(Dialog d) {
    Forecast first = forecast_first(world_, d);
    if (first.branch == Branch::open) {
      table_.push_back(
          fmt::format("{} -> {} is not begun, {}", from(d).name, to(d).name, first.why));
      return false;
    }
    // Whether a second message leaves before the first one is acknowledged is not said anywhere.
    if (first.branch == Branch::delivered_without_way_back) d.orders = 1;
    ++dialogs_;
    orders_ = receipts_ = 0;
    out_.heading(fmt::format("Dialog {}: {} ({}) to {} ({}).", dialogs_, from(d).name,
                             out_.place(from(d).database), to(d).name, out_.place(to(d).database)));
    tabulate(d, first, "first messages", from(d), to(d), Told::Kind::first);
    send_orders(d, d.orders, true);
    expect_all(first, from(d), to(d), d.orders);
    for (int cures = 0; !first.is_delivered || first.status != Status::none; ++cures) {
      constexpr int kCuresMax = 3;
      if (cures == kCuresMax || !cure(d, first)) {
        clean_up(d);
        return true;
      }
    }
    expect_wire(first, from(d), to(d), body("order", 1));
    if (random_.chance(0.4) && change_something(d)) more(d, first, true);
    converse(d, first);
    return true;
  }

  // Further messages in one direction of a dialog whose first ones have been exchanged.
  void more(const Dialog& d, const Forecast& first, bool from_initiator) {
    const Forecast later = forecast_later(world_, d, first, from_initiator);
    if (later.branch == Branch::open) return;
    const Service& sender = from_initiator ? from(d) : to(d);
    const Service& receiver = from_initiator ? to(d) : from(d);
    tabulate(d, later, "later messages", sender, receiver, Told::Kind::later);
    if (from_initiator) {
      send_orders(d, 1, false);
    } else {
      send_receipts(d, 1);
    }
    expect_all(later, sender, receiver, 1);
    if (!later.is_delivered) recover_master_key(receiver.database, receiver, 1);
  }

  // What waits for the receiver's master key is delivered once it opens by itself again.
  void recover_master_key(std::size_t database, const Service& receiver, int count) {
    if (world_.databases[database].master_key != MasterKey::needs_password) return;
    change(SetMasterKey{database, MasterKey::opens_by_itself});
    out_.directive("mark");
    out_.directive("advance 3m");
    expect(fmt::format("delivered {} to [{}] on {}", count, receiver.queue, out_.place(database)));
  }

  void converse(const Dialog& d, const Forecast& first) {
    const Forecast reply = forecast_reply(world_, d, first);
    if (reply.branch == Branch::open) return clean_up(d);
    tabulate(d, reply, "replies", to(d), from(d), Told::Kind::reply);
    send_receipts(d, d.receipts);
    expect_all(reply, to(d), from(d), d.receipts);
    if (!reply.is_delivered || reply.status != Status::none) return clean_up(d);
    expect_wire(reply, to(d), from(d), body("receipt", 1));
    expect_keys(d, first);
    if (random_.chance(0.5) && change_something(d)) {
      more(d, first, true);
      more(d, first, false);
    }
    end(d, first);
  }

  // How many session keys each side has tells the security.
  void expect_keys(const Dialog& d, const Forecast& first) {
    for (const auto& [near, far] : {std::pair(d.from, d.to), std::pair(d.to, d.from)}) {
      out_.in(world_.services[near].database);
      out_.statement(fmt::format(
          "SELECT CASE WHEN outbound_session_key_identifier = "
          "'00000000-0000-0000-0000-000000000000' THEN 'none' WHEN "
          "outbound_session_key_identifier = inbound_session_key_identifier THEN 'anonymous' ELSE "
          "'full' END FROM sys.conversation_endpoints WHERE far_service = '{}' AND state <> 'CD';",
          world_.services[far].name));
      out_.go();
      expect(fmt::format("value '{}'", security_name(first.security)));
    }
    if (first.security != Security::full) return;
    expect_users(d.from, d.to, from(d).owner, world_.binding(from(d).database, to(d).name)->user);
    expect_users(d.to, d.from, to(d).owner, first.source_user);
  }
  // Whose certificates the two sides of a full dialog are: principal_id and far_principal_id.
  void expect_users(std::size_t near, std::size_t far, const std::string& own_user,
                    const std::string& far_user) {
    out_.in(world_.services[near].database);
    out_.statement(
        fmt::format("SELECT USER_NAME(principal_id) + ' and ' + USER_NAME(far_principal_id) FROM "
                    "sys.conversation_endpoints WHERE far_service = '{}' AND state <> 'CD';",
                    world_.services[far].name));
    out_.go();
    expect(fmt::format("value '{} and {}'", own_user, far_user));
  }

  void end(const Dialog& d, const Forecast& first) {
    for (const bool from_initiator : {true, false}) {
      const Forecast later = forecast_later(world_, d, first, from_initiator);
      if (!later.is_delivered || later.status != Status::none) return clean_up(d);
    }
    const bool is_initiator_first = random_.chance(0.5);
    const bool has_error = random_.chance(0.25);
    const auto one = is_initiator_first ? std::pair(d.from, d.to) : std::pair(d.to, d.from);
    constexpr int kErrorOfUsers = 77;
    for (const auto& [near, far] : {one, std::pair(one.second, one.first)}) {
      const bool is_first = near == one.first;
      out_.in(world_.services[near].database);
      find_handle(world_.services[far]);
      out_.statement(
          is_first && has_error
              ? fmt::format("END CONVERSATION @h WITH ERROR = {} DESCRIPTION = 'enough';",
                            kErrorOfUsers)
              : "END CONVERSATION @h;");
      out_.go();
      if (is_first && has_error)
        expect_error(kErrorOfUsers, world_.services[far], world_.services[near]);
      out_.directive("settle");
    }
    for (const auto& [near, far] : {one, std::pair(one.second, one.first)}) {
      out_.in(world_.services[near].database);
      out_.statement(fmt::format(
          "SELECT COUNT(*) FROM sys.conversation_endpoints WHERE far_service = '{}' AND state <> "
          "'CD';",
          world_.services[far].name));
      out_.go();
      expect("value '0'");
    }
  }

  // ---- changes ----
  void change(const Change& what) {
    write_change(what, world_, out_);
    apply(what, world_);
  }

  // What takes away the reason that a forecast gives; nothing where a cure is not known.
  std::vector<Change> cure_of(const Dialog& d, const Forecast& f) {
    const std::size_t here = from(d).database;
    const std::size_t there = to(d).database;
    const auto is = [&](std::initializer_list<Branch> branches) {
      return std::find(branches.begin(), branches.end(), f.branch) != branches.end();
    };
    if (is({Branch::no_binding})) {
      const std::string& maker = world_.databases[there].name;
      for (const Certificate& c : world_.databases[here].certificates) {
        if (c.made_in == maker && c.owner != kDbo)
          return {AddBinding{{here, to(d).name, c.owner, random_.chance(0.5)}}};
      }
      return {};
    }
    if (is({Branch::sender_not_active})) return activation(here, from(d).owner);
    if (is({Branch::binding_user_not_active}))
      return activation(here, world_.binding(here, to(d).name)->user);
    if (is({Branch::sender_not_yet_valid, Branch::binding_user_not_yet_valid,
            Branch::target_source_date, Branch::target_destination_date}))
      return waiting(d, f);
    if (is({Branch::sender_has_no_certificate, Branch::sender_key_is_absent,
            Branch::sender_key_under_password, Branch::sender_expired}))
      return replacement(here, from(d).owner, there);
    if (is({Branch::sender_master_key})) return opening(here);
    if (is({Branch::target_master_key})) return opening(there);
    if (is({Branch::no_route}))
      return {AddRoute{{here, to(d).name, world_.databases[there].instance}}};
    if (is({Branch::delivered_without_way_back}))
      return {AddRoute{{there, from(d).name, world_.databases[here].instance}}};
    if (is({Branch::target_lacks_source}) &&
        world_.certificate(here, f.signed_with)->made_in.empty())
      return {CopyCertificate{here, there, f.signed_with, far_user(d)}};
    return {};
  }
  // Until the day on which something becomes valid: what waits is tried all the time, and takes the first chance.
  std::vector<Change> waiting(const Dialog& d, const Forecast& f) const {
    constexpr int kDaysMax = 30;
    World later = world_;
    for (int days = 1; days <= kDaysMax; ++days) {
      later.now_h += kHoursOfDay;
      const Forecast then = forecast_first(later, d);
      if (then.branch != f.branch || then.signed_with != f.signed_with ||
          then.encrypted_for != f.encrypted_for)
        return {PassTime{days * kHoursOfDay}};
    }
    return {};
  }
  std::vector<Change> opening(std::size_t database) const {
    if (world_.databases[database].master_key != MasterKey::needs_password) return {};
    return {SetMasterKey{database, MasterKey::opens_by_itself}};
  }
  std::vector<Change> activation(std::size_t database, const std::string& owner) const {
    for (const Certificate& c : world_.databases[database].certificates) {
      if (c.owner == owner && !c.is_active) return {SetActive{database, c.name, true}};
    }
    return {};
  }
  // The user that stands for the initiator at the target.
  std::string far_user(const Dialog& d) const {
    const std::string& maker = world_.databases[from(d).database].name;
    const Database& there = world_.databases[to(d).database];
    for (const Certificate& c : there.certificates) {
      if (c.made_in == maker) return c.owner;
    }
    return there.users.empty() ? kDbo : there.users.front();
  }
  Certificate new_certificate(const std::string& owner) {
    constexpr int kFarHours = 1000 * kHoursOfDay + 1;
    return {.name = fmt::format("new_cert_{}", ++new_certificates_),
            .owner = owner,
            .start_h = -kHoursOfDay + 1,
            .expiry_h = unused_expiry(world_, world_.now_h + kFarHours),
            .is_active = true,
            .key = PrivateKey::under_master_key,
            .made_in = ""};
  }
  std::vector<Change> replacement(std::size_t at, const std::string& owner, std::size_t peer) {
    if (world_.databases[at].master_key != MasterKey::opens_by_itself) return {};
    std::string user = owner;
    for (const Certificate& c : world_.databases[peer].certificates) {
      if (c.made_in == world_.databases[at].name) user = c.owner;
    }
    const auto& users = world_.databases[peer].users;
    if (user != kDbo && std::find(users.begin(), users.end(), user) == users.end()) user = kDbo;
    Certificate made = new_certificate(owner);
    made.is_active = false;
    const std::string name = made.name;
    return {MakeCertificate{at, std::move(made)}, CopyCertificate{at, peer, name, user},
            SetActive{at, name, true}};
  }

  static bool is_sealed(const Forecast& f) { return f.status == Status::empty; }

  // Takes the reason away, with what waits still waiting; false: there is no cure, or none that the reference knows the end of.
  bool cure(const Dialog& d, Forecast& first) {
    if (!random_.chance(0.7)) return false;
    const std::vector<Change> changes = cure_of(d, first);
    if (changes.empty()) return false;
    World after = world_;
    for (const Change& c : changes) apply(c, after);
    const Forecast second = forecast_first(after, d);
    const bool has_other_keys =
        second.signed_with != first.signed_with || second.encrypted_for != first.encrypted_for;
    // A message that has been sealed once keeps its header (2.10): other certificates would be another story.
    if (second.branch == Branch::open || (is_sealed(first) && has_other_keys)) return false;
    if (second.branch == Branch::delivered_without_way_back && d.orders > 1) return false;
    if (random_.chance(0.15)) {
      const std::size_t side = random_.chance(0.5) ? instance_of(from(d)) : instance_of(to(d));
      change(RestartInstance{side, random_.chance(0.5)});
    }
    out_.directive("mark");
    for (const Change& c : changes) change(c);
    tabulate(d, second, "after a cure", from(d), to(d), Told::Kind::first);
    const int count = first.is_delivered ? 0 : d.orders;
    out_.directive("advance 3m");
    expect(fmt::format("delivered {} to [{}] on {}", second.is_delivered ? count : 0, to(d).queue,
                       out_.place(to(d).database)));
    expect_status(second, from(d), to(d));
    for (const ExpectedEvent& event : second.events) expect_event(event);
    if (second.queue_error) expect_error(*second.queue_error, from(d), to(d));
    first = second;
    return true;
  }

  // Something that happens to those who have a dialog; false: nothing did.
  bool change_something(const Dialog& d) {
    const std::vector<Change> changes = draw_changes(d);
    if (changes.empty()) return false;
    out_.heading("Meanwhile.");
    for (const Change& c : changes) change(c);
    return true;
  }
  std::vector<Change> draw_changes(const Dialog& d) {
    const std::size_t here = from(d).database;
    const std::size_t there = to(d).database;
    const std::size_t side = random_.chance(0.5) ? here : there;
    const std::size_t other = side == here ? there : here;
    const std::string owner = side == here ? from(d).owner : to(d).owner;
    switch (random_.below(9)) {
      case 0: return {RestartInstance{world_.databases[side].instance, random_.chance(0.5)}};
      case 1: return {PassTime{kHoursOfDay * static_cast<int>(1 + random_.below(400))}};
      case 2: return replacement(side, owner, other);
      case 3: {  // the wrong order: not deployed before it is active
        std::vector<Change> all = replacement(side, owner, other);
        if (!all.empty()) all.resize(1);
        if (!all.empty()) std::get<MakeCertificate>(all.front()).certificate.is_active = true;
        return all;
      }
      case 4: return drop_one(side, [&](const Certificate& c) { return !c.made_in.empty(); });
      case 5: return drop_one(side, [&](const Certificate& c) { return c.owner == owner; });
      case 6: {
        const auto& all = to(d).permissions;
        if (all.empty()) return {};
        return {SetPermission{d.to, all.front(), all.front().kind != Permission::Kind::control}};
      }
      case 7: return {SetPermission{d.to, {Permission::Kind::send, "public"}, false}};
      default:
        if (world_.databases[there].master_key != MasterKey::opens_by_itself) return {};
        return {SetMasterKey{there, MasterKey::needs_password}};
    }
  }
  std::vector<Change> drop_one(std::size_t database,
                               const std::function<bool(const Certificate&)>& which) const {
    for (const Certificate& c : world_.databases[database].certificates) {
      if (which(c)) return {DropCertificate{database, c.name}};
    }
    return {};
  }

  Random& random_;
  const Plan setup_;
  World world_;  // as it is now
  ScriptWriter out_;
  std::vector<std::string> table_;
  std::vector<Told> told_;
  int dialogs_ = 0;
  int orders_ = 0;
  int receipts_ = 0;
  int new_certificates_ = 0;
};

}  // namespace

Generated generate(std::uint64_t seed) {
  Random random = Random(seed).split("workload");
  while (true) {  // until there is a dialog of which the reference says something
    Story story(draw_plan(random), random);
    Generated generated = story.tell(seed);
    if (!generated.told.empty()) return generated;
  }
}

std::string generate_scenario(std::uint64_t seed) {
  return generate(seed).text;
}

}  // namespace ssb::sim::workload
