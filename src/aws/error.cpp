#include "aws/engine.hpp"
#include "aws/service.hpp"

namespace lapwing::aws {
namespace {

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
      return 400;
    case ErrorKind::kNotFound:
      return 404;
    case ErrorKind::kConflict:
      return 409;
    case ErrorKind::kTooLarge:
      return 413;
    case ErrorKind::kThrottled:
      return 429;
    case ErrorKind::kDenied:
      return 403;
    case ErrorKind::kUnsupported:
      return 501;
    case ErrorKind::kUnavailable:
      return 503;
    case ErrorKind::kTimeout:
      return 504;
    case ErrorKind::kUnknown:
    case ErrorKind::kCancelled:
    case ErrorKind::kInternal:
      break;
  }
  return 500;
}

// Codes made by base/ for our own failures; the wire carries the service's instead.
bool is_own_failure(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::kInternal:
    case ErrorKind::kUnknown:
    case ErrorKind::kUnavailable:
    case ErrorKind::kTimeout:
    case ErrorKind::kCancelled:
      return true;
    case ErrorKind::kInvalid:
    case ErrorKind::kNotFound:
    case ErrorKind::kConflict:
    case ErrorKind::kTooLarge:
    case ErrorKind::kThrottled:
    case ErrorKind::kDenied:
    case ErrorKind::kUnsupported:
      break;
  }
  return false;
}

}  // namespace

ErrorFacts describe_error(const ServiceModel* model, const Error& error) {
  ErrorFacts out;
  out.code = error.code();
  out.message = error.message();
  out.fields = error.fields();
  out.status = error.http_status();
  if (model != nullptr) {
    out.shape = model->find_error(out.code);
    if (out.shape == nullptr && is_own_failure(error) && error.http_status() == 0) {
      out.code = model->internal_code;
      out.shape = model->find_error(out.code);
    }
  }
  out.query_code = out.code;
  if (out.shape != nullptr) {
    out.query_code = model->text(out.shape->query_code);
    if (out.status == 0) out.status = out.shape->error_status;
  }
  if (out.status == 0) out.status = status_of(error.kind());
  out.sender = out.status < 500;
  if (out.shape != nullptr && out.shape->has(ShapeFlags::kFault)) out.sender = false;
  if (out.shape != nullptr && out.shape->has(ShapeFlags::kSenderFault)) out.sender = true;
  return out;
}

const ProtocolEngine* find_engine(Protocol protocol) {
  switch (protocol) {
    case Protocol::kRestJson:
      return &rest_json_engine();
    case Protocol::kJson10:
      return &json10_engine();
    case Protocol::kJson11:
      return &json11_engine();
    case Protocol::kQuery:
      return &query_engine();
    case Protocol::kCbor:
      return &rpc_v2_cbor_engine();
    case Protocol::kRestXml:
      return &rest_xml_engine();
    case Protocol::kEc2:
      return &ec2_engine();
  }
  return nullptr;
}

namespace {

Response render(const ServiceModel* model, Protocol protocol, const Error& error,
                const RequestId& request_id) {
  const ErrorFacts facts = describe_error(model, error);
  return find_engine(protocol)->write_error(model, facts, request_id.view());
}

}  // namespace

Response error_response(const ServiceModel& model, Protocol protocol, const Error& error,
                        const RequestId& request_id) {
  return render(&model, protocol, error, request_id);
}

Response error_response(Protocol protocol, const Error& error, const RequestId& request_id) {
  return render(nullptr, protocol, error, request_id);
}

}  // namespace lapwing::aws
