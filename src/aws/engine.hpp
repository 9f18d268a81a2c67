// A protocol: how a request becomes an input, and an output or an error becomes a response.
// Engines interpret descriptor tables and know no service. Stateless, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/arena.hpp"
#include "aws/message.hpp"
#include "aws/model.hpp"
#include "aws/value.hpp"
#include "base/result.hpp"

namespace lapwing::aws {

// An Error after the model was asked about it.
struct ErrorFacts {
  int status = 500;
  std::string code;        // "ResourceNotFoundException"
  std::string query_code;  // the historic code
  std::string message;
  bool sender = true;               // the caller's fault
  const ShapeRow* shape = nullptr;  // the modelled error, if it is one
  std::vector<ErrorField> fields;
};
ErrorFacts describe_error(const ServiceModel* model, const Error& error);

class ProtocolEngine {
 public:
  virtual ~ProtocolEngine() = default;

  // The input structure of the operation (an empty structure where it has none).
  virtual Result<Value> read_input(const ServiceModel& model, const OperationRow& operation,
                                   const Request& request, Arena& arena) const = 0;
  virtual Response write_output(const ServiceModel& model, const OperationRow& operation,
                                const Value& output, std::string_view request_id) const = 0;
  // `model` is nullptr for requests that never reached a service.
  virtual Response write_error(const ServiceModel* model, const ErrorFacts& error,
                               std::string_view request_id) const = 0;
};

// Every protocol has one; never null.
const ProtocolEngine* find_engine(Protocol protocol);

// One each; find_engine() is the way to them.
const ProtocolEngine& rest_json_engine();
const ProtocolEngine& json10_engine();
const ProtocolEngine& json11_engine();
const ProtocolEngine& query_engine();
const ProtocolEngine& rest_xml_engine();
const ProtocolEngine& rpc_v2_cbor_engine();
const ProtocolEngine& ec2_engine();

}  // namespace lapwing::aws
