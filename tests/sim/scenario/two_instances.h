// What tests of both back ends run: a script with two instances, and what a report says went wrong.
#pragma once

#include <string>
#include <string_view>

#include "sim/scenario/report.h"

namespace ssb::sim::scenario {

// Two instances with endpoints that trust each other; services without dialog security.
inline constexpr std::string_view kTwoInstances = R"sql(
--# clock 2020-03-01
:connect HOST_A
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Pass_word_1!';
CREATE CERTIFICATE cert_a WITH SUBJECT = 'A', EXPIRY_DATE = '2030-01-01';
CREATE ENDPOINT broker STATE = STARTED AS TCP (LISTENER_PORT = 4022) FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE cert_a);
GRANT CONNECT ON ENDPOINT::broker TO public;
CREATE DATABASE Db;
GO
USE Db;
CREATE QUEUE q;
CREATE SERVICE a_service ON QUEUE q ([DEFAULT]);
GRANT SEND ON SERVICE::a_service TO public;
CREATE ROUTE to_b WITH SERVICE_NAME = 'b_service', ADDRESS = 'TCP://HOST_B:4022';
GO
:connect HOST_B
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Pass_word_1!';
CREATE CERTIFICATE cert_b WITH SUBJECT = 'B', EXPIRY_DATE = '2030-01-01';
CREATE ENDPOINT broker STATE = STARTED AS TCP (LISTENER_PORT = 4022) FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE cert_b);
GRANT CONNECT ON ENDPOINT::broker TO public;
CREATE DATABASE Db;
GO
USE Db;
CREATE QUEUE q;
CREATE SERVICE b_service ON QUEUE q ([DEFAULT]);
GRANT SEND ON SERVICE::b_service TO public;
CREATE ROUTE to_a WITH SERVICE_NAME = 'a_service', ADDRESS = 'TCP://host_a.example.com:4022';
GO
)sql";
inline std::string findings_of(const Report& report) {
  std::string out;
  for (const JudgeFinding& finding : report.findings)
    out += finding.judge + " at " + finding.node + ": " + finding.text + "\n";
  return out;
}
inline std::string failures_of(const Report& report) {
  std::string out = report.reason;
  for (const Failure& failure : report.failures)
    out += failure.place.text() + " expected " + failure.expected + ", seen " + failure.seen + "\n";
  return out + findings_of(report);
}

}  // namespace ssb::sim::scenario
