// Endpoints. Separators between options may be blanks.
#include "broker/tsql/parser_core.h"

namespace ssb::broker::tsql {

// CREATE ENDPOINT name [AUTHORIZATION login] [STATE = state] AS TCP ( ... ) FOR payload ( ... )
NodePointer Parser::create_endpoint() {
  CreateEndpoint endpoint;
  endpoint.name = identifier();
  endpoint.authorization = authorization();
  if (accept_all({"STATE", "="})) endpoint.state = endpoint_state();
  expect("AS");
  endpoint.tcp = endpoint_tcp();
  expect("FOR");
  endpoint.options = endpoint_options();
  return node(std::move(endpoint));
}

// ALTER ENDPOINT name [STATE = state] [AFFINITY = a] [AS TCP ( ... )] [FOR payload ( ... )]
NodePointer Parser::alter_endpoint() {
  AlterEndpoint endpoint;
  endpoint.name = identifier();
  while (true) {
    if (at("STATE")) {
      once(endpoint.state.has_value());
      expect_all({"STATE", "="});
      endpoint.state = endpoint_state();
    } else if (accept_all({"AFFINITY", "="})) {
      next();
    } else if (at("AS")) {
      once(endpoint.tcp.has_value());
      expect("AS");
      endpoint.tcp = endpoint_tcp();
    } else if (at("FOR")) {
      once(endpoint.options.has_value());
      expect("FOR");
      endpoint.options = endpoint_options();
    } else {
      return node(std::move(endpoint));
    }
    accept(",");
  }
}

EndpointState Parser::endpoint_state() {
  if (accept("STARTED")) return EndpointState::started;
  if (accept("STOPPED")) return EndpointState::stopped;
  expect("DISABLED");
  return EndpointState::disabled;
}

// TCP ( LISTENER_PORT = n [,] [LISTENER_IP = ALL | ( 10.0.0.1 ) | ( 'fe80::1' )] )
EndpointTcp Parser::endpoint_tcp() {
  EndpointTcp tcp;
  expect_all({"TCP", "("});
  do {
    if (at("LISTENER_PORT")) {
      once(tcp.listener_port.has_value());
      expect_all({"LISTENER_PORT", "="});
      tcp.listener_port = integer();
    } else {
      once(tcp.listener_ip.has_value());
      expect_all({"LISTENER_IP", "="});
      tcp.listener_ip = listener_ip();
    }
  } while (accept(",") || !at(")"));
  expect(")");
  return tcp;
}

// The lexer sees an IPv4 address as numbers; its text is what counts.
std::string Parser::listener_ip() {
  if (accept("ALL")) return "ALL";
  expect("(");
  if (at_string()) {
    std::string address = string_literal();
    expect(")");
    return address;
  }
  std::string address;
  while (!at(")")) address += next().text;
  expect(")");
  return address;
}

// SERVICE_BROKER | DATABASE_MIRRORING | DATA_MIRRORING | TSQL ( option ... )
EndpointOptions Parser::endpoint_options() {
  EndpointOptions options;
  if (accept("SERVICE_BROKER")) {
    options.payload = EndpointPayload::service_broker;
  } else if (accept("DATABASE_MIRRORING") || accept("DATA_MIRRORING")) {
    options.payload = EndpointPayload::database_mirroring;
  } else {
    expect("TSQL");
    options.payload = EndpointPayload::tsql;
  }
  expect("(");
  if (!at(")")) {
    do {
      endpoint_option(options);
    } while (accept(",") || !at(")"));
  }
  expect(")");
  return options;
}

void Parser::endpoint_option(EndpointOptions& options) {
  const bool broker = options.payload == EndpointPayload::service_broker;
  const bool mirroring = options.payload == EndpointPayload::database_mirroring;
  if ((broker || mirroring) && at("AUTHENTICATION")) {
    once(options.authentication.has_value());
    expect_all({"AUTHENTICATION", "="});
    options.authentication = endpoint_authentication();
  } else if ((broker || mirroring) && at("ENCRYPTION")) {
    once(options.encryption.has_value());
    expect_all({"ENCRYPTION", "="});
    options.encryption = endpoint_encryption();
  } else if (broker && at("MESSAGE_FORWARDING")) {
    once(options.message_forwarding.has_value());
    expect_all({"MESSAGE_FORWARDING", "="});
    options.message_forwarding = accept("ENABLED");
    if (!*options.message_forwarding) expect("DISABLED");
  } else if (broker && at("MESSAGE_FORWARD_SIZE")) {
    once(options.message_forward_size_mb.has_value());
    expect_all({"MESSAGE_FORWARD_SIZE", "="});
    options.message_forward_size_mb = integer();
  } else if (mirroring && at("ROLE")) {
    once(options.role.has_value());
    expect_all({"ROLE", "="});
    if (accept("WITNESS")) {
      options.role = EndpointRole::witness;
    } else if (accept("PARTNER")) {
      options.role = EndpointRole::partner;
    } else {
      expect("ALL");
      options.role = EndpointRole::all;
    }
  } else {
    fail();
  }
}

// [WINDOWS [NTLM | KERBEROS | NEGOTIATE]] [CERTIFICATE name] in either order
EndpointAuthentication Parser::endpoint_authentication() {
  EndpointAuthentication authentication;
  authentication.certificate_first = at("CERTIFICATE");
  while (true) {
    if (!authentication.certificate && accept("CERTIFICATE")) {
      authentication.certificate = identifier();
    } else if (!authentication.windows && accept("WINDOWS")) {
      authentication.windows = WindowsAuthentication::negotiate;
      if (accept("NTLM")) {
        authentication.windows = WindowsAuthentication::ntlm;
      } else if (accept("KERBEROS")) {
        authentication.windows = WindowsAuthentication::kerberos;
      } else {
        accept("NEGOTIATE");
      }
    } else {
      break;
    }
  }
  if (!authentication.certificate && !authentication.windows) fail();
  return authentication;
}

// DISABLED | SUPPORTED | REQUIRED [ALGORITHM AES | RC4 ...]
EndpointEncryption Parser::endpoint_encryption() {
  EndpointEncryption encryption;
  if (accept("DISABLED")) return encryption;
  if (accept("SUPPORTED")) {
    encryption.mode = EndpointEncryptionMode::supported;
  } else {
    expect("REQUIRED");
    encryption.mode = EndpointEncryptionMode::required;
  }
  if (accept("ALGORITHM")) {
    do {
      if (accept("AES")) {
        encryption.algorithms.push_back(EndpointAlgorithm::aes);
      } else {
        expect("RC4");
        encryption.algorithms.push_back(EndpointAlgorithm::rc4);
      }
    } while (at_any({"AES", "RC4"}));
  }
  return encryption;
}

}  // namespace ssb::broker::tsql
