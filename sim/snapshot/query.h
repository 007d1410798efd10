// The T-SQL that takes a snapshot of a server, and what writes the same JSON from an instance of ssbsim.
//
//   Errors  none here. The query needs SQL Server 2016 (FOR JSON PATH), VIEW ANY DEFINITION, and CONNECT to the databases.
#pragma once

#include <string>
#include <vector>

#include "broker/catalog/instance.h"
#include "proto/time.h"
#include "sim/snapshot/format.h"

namespace ssb::sim::snapshot {

// One batch that changes nothing; one row with one column, the JSON. Without names: every database that is online.
[[nodiscard]] std::string snapshot_query(const std::vector<std::string>& databases);
// The rows of a section, as the query asks for them; `database` as it stands before ".sys".
[[nodiscard]] std::string section_select(const Section& section, const std::string& database);

// What the query would answer there; `databases` as above.
[[nodiscard]] std::string capture(const broker::catalog::Instance& instance, proto::TimePoint now,
                                  const std::vector<std::string>& databases);

}  // namespace ssb::sim::snapshot
