// The scalar functions that translated T-SQL calls inside SQLite: "ssb_cast", "ssb_len", "ssb_dateadd", ...
//
//   Shape   they get values already converted to the types of their parameters (translate_function.cc has the table), and types as packed
//           numbers. NULL in gives NULL out, unless the function says otherwise.
//   Errors  a StoreError whose `number` is the T-SQL error and whose message has the error's parameters, separated by 0x1F.
#pragma once

#include "broker/catalog/instance.h"
#include "broker/conversation/engine.h"
#include "broker/store/store.h"
#include "proto/error.h"

namespace ssb::broker::tsql {

// Functions of their arguments alone.
void register_pure_functions(store::Store& store);
// Names and ids of the catalogs, properties of the server, conversations, random values.
void register_catalog_functions(store::Store& store, const catalog::Instance& instance,
                                const conversation::Engine& engine);

// An error on its way through SQLite, and back.
[[nodiscard]] store::StoreError to_store_error(const proto::Error& error);
[[nodiscard]] proto::Error from_store_error(const store::StoreError& error);

// LIKE with % _ [a-f] [^x]; without regard to case, or byte by byte.
[[nodiscard]] bool is_like(std::string_view text, std::string_view pattern, char escape,
                           bool is_case_sensitive);

}  // namespace ssb::broker::tsql
