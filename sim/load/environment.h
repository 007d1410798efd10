// Where a load ran: what a reader needs to know before comparing figures.
#pragma once

#include <filesystem>

#include <boost/json/object.hpp>

namespace ssb::sim::load {

// Of this machine now; `data` is the folder that the nodes write to. No names of machines and people.
[[nodiscard]] boost::json::object environment_record(const std::filesystem::path& data);

}  // namespace ssb::sim::load
