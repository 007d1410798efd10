// Steps 8-10 of reference service-broker.md 2.7: who may send to a service, and be sent for.
#include <stdexcept>
#include <utility>

#include "broker/catalog/permissions.h"
#include "broker/dialog/security.h"
#include "proto/error_code.h"

namespace ssb::broker::dialog {

namespace {

using catalog::ObjectClass;
using catalog::principal_name;
using proto::Error;
using proto::ErrorCode;

Refusal refuse(int step, Error error) {
  Refusal refusal;
  refusal.step = step;
  refusal.error = std::move(error);
  refusal.may_answer = true;
  return refusal;
}

}  // namespace

void throw_exception_from_error(const Refusal& refusal, const boost::source_location& where) {
  throw std::logic_error(std::string(where.file_name()) + ": " + refusal.error.text());
}

proto::Result<void> check_enqueue(const catalog::Instance& instance, store::DatabaseId database,
                                  const catalog::pb::Service& service) {
  const auto resolved = catalog::check_resolves(instance, database, service.owner());
  if (resolved) return {};
  return Error(ErrorCode::exception_while_enqueueing, service.name(),
               std::to_string(resolved.error().number()), std::to_string(resolved.error().state),
               resolved.error().text());
}

Checked<> authorize_first(const catalog::Instance& instance, store::DatabaseId database,
                          const catalog::pb::Service& service, const OpenedFirst& opened) {
  const catalog::Catalog& objects = *instance.database(database);
  const std::string& database_name = instance.info(database).name();
  const std::int32_t source = opened.source_user;
  const std::string source_name = principal_name(objects, source);
  if (source != catalog::kPublic &&
      !catalog::has_permission(objects, source, ObjectClass::database, 0, "CONNECT")) {
    Refusal refusal =
        refuse(8, Error(ErrorCode::sender_has_no_database_access, source_name, database_name));
    refusal.answer = Error(ErrorCode::no_permission_on_service, service.name());
    return refusal;
  }
  if (!catalog::has_permission(objects, source, ObjectClass::service, service.id(), "SEND")) {
    Refusal refusal =
        refuse(8, Error(ErrorCode::sender_lacks_send, source_name, std::to_string(source),
                        database_name, std::to_string(database), service.name()));
    refusal.answer = Error(ErrorCode::no_permission_on_service, service.name());
    return refusal;
  }
  const auto& owner = opened.destination_owner;
  if (owner &&
      !catalog::has_permission(objects, *owner, ObjectClass::service, service.id(), "CONTROL")) {
    return refuse(9, Error(ErrorCode::destination_owner_lacks_control,
                           principal_name(objects, *owner), service.name()));
  }
  if (const auto enqueued = check_enqueue(instance, database, service); !enqueued) {
    Refusal refusal = refuse(10, enqueued.error());
    refusal.audit_subclass = kAuditRunAsTargetFailure;
    refusal.audit_text = "Run As Target Failure";
    return refusal;
  }
  if (!catalog::has_permission(objects, service.owner(), ObjectClass::object, service.queue(),
                               "RECEIVE")) {
    const auto* queue = objects.table<catalog::pb::Queue>().find(service.queue());
    Refusal refusal = refuse(10, Error(ErrorCode::no_receive_permission_at_target,
                                       principal_name(objects, service.owner()),
                                       queue == nullptr ? std::string() : queue->name()));
    refusal.audit_subclass = kAuditRunAsTargetFailure;
    refusal.audit_text = "Run As Target Failure";
    return refusal;
  }
  return {};
}

}  // namespace ssb::broker::dialog
