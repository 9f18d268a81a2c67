// ec2's errors. A service known by its tables alone must still answer its clients in words they
// can read.
#include "aws/engine.hpp"
#include "text/xml_writer.hpp"

namespace lapwing::aws {

Response write_ec2_error(const ErrorFacts& error, std::string_view request_id) {
  Response response;
  response.status = error.status;
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
  return response;
}

}  // namespace lapwing::aws
