// Service Broker: services, queues, contracts, types, bindings, routes, priorities, conversations.
#include "broker/catalog/permissions.h"
#include "broker/catalog/view_tables.h"

namespace ssb::broker::catalog {
namespace {

// Rows of one kind of object, each made by `make`.
template <typename Object, typename Make>
ViewRows rows_of(const Instance& instance, Make make) {
  return [&instance, make](store::DatabaseId database, std::int64_t) {
    std::vector<store::Row> rows;
    for (const auto& [id, row] : instance.database(database)->table<Object>()) {
      rows.push_back(make(row));
    }
    return rows;
  };
}

// Rows of a list inside each object.
template <typename Object, typename Make>
ViewRows rows_within(const Instance& instance, Make make) {
  return [&instance, make](store::DatabaseId database, std::int64_t) {
    std::vector<store::Row> rows;
    for (const auto& [id, row] : instance.database(database)->table<Object>()) make(row, rows);
    return rows;
  };
}

store::Row queue_row(const pb::Queue& row, bool is_built_in) {
  return {text(row.name()),
          number(row.id()),
          number_or_null(row.owner()),
          number(row.schema_id()),
          number(0),
          text("SQ"),
          text("SERVICE_QUEUE"),
          date(row.create_date_us()),
          date(row.modify_date_us()),
          flag(is_built_in),
          flag(false),
          flag(false),
          number(row.max_readers()),
          text_or_null(row.activation_procedure()),
          number_or_null(row.execute_as_principal()),
          flag(row.is_activation_enabled()),
          flag(row.is_receive_enabled()),
          flag(row.is_enqueue_enabled()),
          flag(row.is_retention_enabled()),
          flag(row.is_poison_message_handling_enabled())};
}

std::string_view validation_text(std::string_view validation) {
  if (validation == "E") return "EMPTY";
  if (validation == "N") return "BINARY";
  return "XML";
}

store::Row message_type_row(const pb::MessageType& row) {
  const bool is_xml = row.validation() != "E" && row.validation() != "N";
  return {text(row.name()),
          number(row.id()),
          number(row.owner()),
          padded(is_xml ? "X" : row.validation(), 2),
          text(validation_text(row.validation())),
          null_value()};
}

store::Row event_notification_row(const pb::EventNotification& row) {
  constexpr std::int64_t kObjectOrColumn = 1;
  const auto broker = proto::Guid::from_bytes(proto::as_bytes(row.broker_id()));
  return {text(row.name()),
          number(row.id()),
          number(kObjectOrColumn),
          text("OBJECT_OR_COLUMN"),
          number(row.queue()),
          date_or_null(row.create_date_us()),
          date_or_null(row.modify_date_us()),
          text(row.service_name()),
          broker ? text(broker->text()) : null_value(),
          proto::to_bytes(row.creator_sid()),
          number(row.owner())};
}

store::Row route_row(const pb::Route& row) {
  return {text(row.name()),
          number(row.id()),
          number(row.owner()),
          text_or_null(row.service_name()),
          text_or_null(row.broker_instance()),
          date_or_null(row.lifetime_us()),
          text_or_null(row.address()),
          text_or_null(row.mirror_address())};
}

void add_service_views(const Instance& instance, const AddView& add) {
  add("sys.services", "name sysname, service_id int, principal_id int, service_queue_id int",
      rows_of<pb::Service>(instance, [](const pb::Service& row) {
        return store::Row{text(row.name()), number(row.id()), number(row.owner()),
                          number(row.queue())};
      }));
  add("sys.service_queues",
      "name sysname, object_id int, principal_id int, schema_id int, parent_object_id int, "
      "type char(2), type_desc nvarchar(60), create_date datetime, modify_date datetime, "
      "is_ms_shipped bit, is_published bit, is_schema_published bit, max_readers smallint, "
      "activation_procedure nvarchar(776), execute_as_principal_id int, "
      "is_activation_enabled bit, is_receive_enabled bit, is_enqueue_enabled bit, "
      "is_retention_enabled bit, is_poison_message_handling_enabled bit",
      rows_of<pb::Queue>(instance, [](const pb::Queue& row) {
        return queue_row(row, row.id() >= kFirstBuiltInObjectId);
      }));
  add("sys.service_queue_usages", "service_id int, service_queue_id int",
      rows_of<pb::Service>(instance, [](const pb::Service& row) {
        return store::Row{number(row.id()), number(row.queue())};
      }));
  add("sys.service_contract_usages", "service_id int, service_contract_id int",
      rows_within<pb::Service>(instance, [](const pb::Service& row, auto& rows) {
        for (const std::int32_t contract : row.contracts()) {
          rows.push_back({number(row.id()), number(contract)});
        }
      }));
  add("sys.event_notifications",
      "name sysname, object_id int, parent_class tinyint, parent_class_desc nvarchar(60), "
      "parent_id int, create_date datetime, modify_date datetime, service_name nvarchar(256), "
      "broker_instance nvarchar(128), creator_sid varbinary(85), principal_id int",
      rows_of<pb::EventNotification>(instance, event_notification_row));
}

void add_contract_views(const Instance& instance, const AddView& add) {
  add("sys.service_contracts", "name sysname, service_contract_id int, principal_id int",
      rows_of<pb::Contract>(instance, [](const pb::Contract& row) {
        return store::Row{text(row.name()), number(row.id()), number(row.owner())};
      }));
  add("sys.service_message_types",
      "name sysname, message_type_id int, principal_id int, validation char(2), "
      "validation_desc nvarchar(60), xml_collection_id int",
      rows_of<pb::MessageType>(instance, message_type_row));
  add("sys.service_contract_message_usages",
      "service_contract_id int, message_type_id int, is_sent_by_initiator bit, "
      "is_sent_by_target bit",
      rows_within<pb::Contract>(instance, [](const pb::Contract& row, auto& rows) {
        for (const auto& usage : row.usages()) {
          rows.push_back({number(row.id()), number(usage.message_type()),
                          flag(usage.sent_by_initiator()), flag(usage.sent_by_target())});
        }
      }));
}

void add_routing_views(const Instance& instance, const AddView& add) {
  add("sys.remote_service_bindings",
      "name sysname, remote_service_binding_id int, principal_id int, "
      "remote_service_name nvarchar(256), service_contract_id int, remote_principal_id int, "
      "is_anonymous_on bit",
      rows_of<pb::RemoteServiceBinding>(instance, [](const pb::RemoteServiceBinding& row) {
        return store::Row{text(row.name()),
                          number(row.id()),
                          number(row.owner()),
                          text(row.remote_service_name()),
                          number(0),
                          number(row.remote_principal()),
                          flag(row.is_anonymous())};
      }));
  add("sys.routes",
      "name sysname, route_id int, principal_id int, remote_service_name nvarchar(256), "
      "broker_instance nvarchar(128), lifetime datetime, address nvarchar(256), "
      "mirror_address nvarchar(256)",
      rows_of<pb::Route>(instance, route_row));
  add("sys.conversation_priorities",
      "priority_id int, name sysname, service_contract_id int, local_service_id int, "
      "remote_service_name nvarchar(256), priority tinyint",
      rows_of<pb::BrokerPriority>(instance, [](const pb::BrokerPriority& row) {
        return store::Row{number(row.id()),
                          text(row.name()),
                          number_or_null(row.contract()),
                          number_or_null(row.local_service()),
                          text_or_null(row.remote_service_name()),
                          number(row.priority())};
      }));
}

// Rows come from the conversation engine and the transport, by SystemViews::set_rows.
void add_conversation_views(const AddView& add) {
  add("sys.conversation_endpoints",
      "conversation_handle uniqueidentifier, conversation_id uniqueidentifier, is_initiator bit, "
      "service_contract_id int, conversation_group_id uniqueidentifier, service_id int, "
      "lifetime datetime, state char(2), state_desc nvarchar(60), far_service nvarchar(256), "
      "far_broker_instance nvarchar(128), principal_id int, far_principal_id int, "
      "outbound_session_key_identifier uniqueidentifier, "
      "inbound_session_key_identifier uniqueidentifier, security_timestamp datetime, "
      "dialog_timer datetime, send_sequence bigint, last_send_tran_id binary(6), "
      "end_dialog_sequence bigint, receive_sequence bigint, receive_sequence_frag int, "
      "system_sequence bigint, first_out_of_order_sequence bigint, "
      "last_out_of_order_sequence bigint, last_out_of_order_frag int, is_system bit, "
      "priority tinyint",
      nullptr);
  add("sys.conversation_groups",
      "conversation_group_id uniqueidentifier, service_id int, is_system bit", nullptr);
  add("sys.transmission_queue",
      "conversation_handle uniqueidentifier, to_service_name nvarchar(256), "
      "to_broker_instance nvarchar(128), from_service_name nvarchar(256), "
      "service_contract_name nvarchar(256), enqueue_time datetime, "
      "message_sequence_number bigint, message_type_name nvarchar(256), "
      "is_conversation_error bit, is_end_of_dialog bit, message_body varbinary(max), "
      "transmission_status nvarchar(4000), priority tinyint",
      nullptr);
  add("queue",
      "status tinyint, priority tinyint, queuing_order bigint, "
      "conversation_group_id uniqueidentifier, conversation_handle uniqueidentifier, "
      "message_sequence_number bigint, service_name nvarchar(512), service_id int, "
      "service_contract_name nvarchar(256), service_contract_id int, "
      "message_type_name nvarchar(256), message_type_id int, validation nchar(2), "
      "message_body varbinary(max), message_enqueue_time datetime",
      nullptr);
  const char* const connection_columns =
      "connection_id uniqueidentifier, transport_stream_id uniqueidentifier, state smallint, "
      "state_desc nvarchar(60), connect_time datetime, login_time datetime, "
      "authentication_method nvarchar(128), principal_name nvarchar(128), "
      "remote_user_name nvarchar(128), last_activity_time datetime, is_accept bit, "
      "login_state smallint, login_state_desc nvarchar(60), peer_certificate_id int, "
      "encryption_algorithm smallint, encryption_algorithm_desc nvarchar(60), "
      "receives_posted smallint, is_receive_flow_controlled bit, sends_posted smallint, "
      "is_send_flow_controlled bit, total_bytes_sent bigint, total_bytes_received bigint, "
      "total_fragments_sent bigint, total_fragments_received bigint, total_sends bigint, "
      "total_receives bigint, peer_arbitration_id uniqueidentifier";
  add("sys.dm_broker_connections", connection_columns, nullptr);
  add("sys.dm_db_mirroring_connections", connection_columns, nullptr);
  add("sys.dm_broker_queue_monitors",
      "database_id int, queue_id int, state nvarchar(32), last_empty_rowset_time datetime, "
      "last_activated_time datetime, tasks_waiting int",
      nullptr);
  add("sys.dm_broker_activated_tasks",
      "spid int, database_id smallint, queue_id int, procedure_name nvarchar(650), "
      "execute_as int",
      nullptr);
  add("sys.dm_broker_forwarded_messages",
      "conversation_id uniqueidentifier, is_initiator bit, to_service_name nvarchar(512), "
      "to_broker_instance nvarchar(512), from_service_name nvarchar(512), "
      "from_broker_instance nvarchar(512), adjacent_broker_address nvarchar(512), "
      "message_sequence_number bigint, message_fragment_number int, hops_remaining tinyint, "
      "time_to_live int, time_consumed int, message_id uniqueidentifier",
      nullptr);
}

}  // namespace

void add_broker_views(const Instance& instance, const AddView& add) {
  add_service_views(instance, add);
  add_contract_views(instance, add);
  add_routing_views(instance, add);
  add_conversation_views(add);
}

}  // namespace ssb::broker::catalog
