// A service's tables, read from JSON instead of compiled: for models that the tests bring along.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "aws/model.hpp"
#include "text/json.hpp"

namespace lapwing::aws {

// What codegen/tables.py makes of a model, its rows as arrays of numbers in the order of
// aws/model.hpp, and what it points to.
class LoadedModel {
 public:
  explicit LoadedModel(const text::JsonValue& json);
  LoadedModel(const LoadedModel&) = delete;
  LoadedModel& operator=(const LoadedModel&) = delete;

  const ServiceModel& model() const { return model_; }

 private:
  std::string pool_;
  std::string id_;
  std::string signing_name_;
  std::string target_prefix_;
  std::string api_version_;
  std::string xml_namespace_;
  std::vector<Protocol> protocols_;
  std::vector<OperationRow> operations_;
  std::vector<ShapeRow> shapes_;
  std::vector<MemberRow> members_;
  std::vector<StringRef> enums_;
  std::vector<SegmentRow> segments_;
  std::vector<XmlRow> xml_;
  std::vector<std::uint16_t> hash_;
  ServiceModel model_;
};

}  // namespace lapwing::aws
