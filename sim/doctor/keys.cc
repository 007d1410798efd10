// Master keys that the broker needs without anybody's password.
#include <fmt/format.h>

#include "broker/keys/key_hierarchy.h"
#include "sim/doctor/examination.h"

namespace ssb::sim::doctor {

bool examine_master_key(Examination& ex, const Place& place, const std::string& fails) {
  const std::string database = ex.database_name(place);
  if (broker::keys::is_encrypted_by_server(ex.instance(place), place.database)) {
    ex.ok(CheckId::K001, place, "", "there");
    ex.ok(CheckId::K002, place, "", "opens with the service master key");
    return true;
  }
  if (ex.objects(place).master_key() == nullptr) {
    ex.not_ok(CheckId::K001, place,
              {.object = "",
               .text = fmt::format("database '{}' has no master key", database),
               .fails = fails,
               .cure = ex.cure_at(place).run(
                   fmt::format("CREATE MASTER KEY ENCRYPTION BY PASSWORD = '{}'", kPassword))});
    return false;
  }
  ex.ok(CheckId::K001, place, "", "there");
  if (ex.instance(place).service_master_key().empty()) {
    ex.not_tested(CheckId::K002, place, "", "the service master key does not open");
    return false;
  }
  ex.not_ok(
      CheckId::K002, place,
      {.object = "",
       .text = fmt::format("the service master key does not open the master key of '{}'", database),
       .fails = fails,
       .cure = ex.cure_at(place)
                   .run("OPEN MASTER KEY DECRYPTION BY PASSWORD = 'its password'")
                   .run("ALTER MASTER KEY ADD ENCRYPTION BY SERVICE MASTER KEY")
                   .run("CLOSE MASTER KEY")});
  return false;
}

void examine_service_master_key(Examination& ex, std::size_t subject) {
  const Place at{subject, kNoDatabase};
  if (!ex.instance(at).service_master_key().empty()) {
    ex.ok(CheckId::K003, at, "", "opens");
    return;
  }
  ex.not_ok(CheckId::K003, at,
            {.object = "",
             .text = "the machine key of this instance does not open its service master key, so "
                     "no database master key opens by itself; put the machine key back",
             .fails = "33094; 28050 at senders, 28054 at targets; no endpoint logs in (28037)"});
}

}  // namespace ssb::sim::doctor
