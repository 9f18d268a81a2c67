// Errors of the protocols that have no engine yet. A service known by its tables alone must
// still answer its clients in words they can read.
#include "aws/engine.hpp"
#include "text/xml_writer.hpp"

namespace lapwing::aws {
namespace {

// S3's form of rest-xml: no envelope.
void write_rest_xml(const ErrorFacts& error, std::string_view request_id, Response& response) {
  response.set_header("Content-Type", "application/xml");
  response.set_header("x-amz-request-id", request_id);
  text::XmlWriter xml(response.body);
  xml.declaration();
  xml.begin("Error");
  xml.element("Code", error.code);
  xml.element("Message", error.message);
  xml.element("RequestId", request_id);
  xml.end();
}

void write_ec2(const ErrorFacts& error, std::string_view request_id, Response& response) {
  response.set_header("Content-Type", "text/xml");
  text::XmlWriter xml(response.body);
  xml.declaration();
  xml.begin("Response");
  xml.begin("Errors");
  xml.begin("Error");
  xml.element("Code", error.code);
  xml.element("Message", error.message);
  xml.end();
  xml.end();
  xml.element("RequestID", request_id);
  xml.end();
}

}  // namespace

Response write_foreign_error(Protocol protocol, const ErrorFacts& error,
                             std::string_view request_id) {
  Response response;
  response.status = error.status;
  switch (protocol) {
    case Protocol::kEc2:
      write_ec2(error, request_id, response);
      break;
    case Protocol::kRestXml:
    case Protocol::kRestJson:
    case Protocol::kJson10:
    case Protocol::kJson11:
    case Protocol::kQuery:
    case Protocol::kCbor:
      write_rest_xml(error, request_id, response);
      break;
  }
  return response;
}

}  // namespace lapwing::aws
