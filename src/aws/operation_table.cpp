#include <algorithm>
#include <stdexcept>

#include <fmt/core.h>

#include "aws/service.hpp"

namespace lapwing::aws {
namespace {

// Throws unless every part of "A.B" names a member: a misspelt name is a bug.
void require_member(const ServiceModel& model, const OperationRow& operation,
                    std::string_view path) {
  std::uint16_t shape = operation.input;
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find('.'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    const bool structure = shape != kNone && model.shape(shape).kind == ShapeKind::kStructure;
    const std::uint16_t number = structure ? model.find_member(model.shape(shape), part) : kNone;
    if (number == kNone) {
      throw std::logic_error(
          fmt::format("{}.{}: no input member {}", model.id, model.name(operation), path));
    }
    shape = model.members_of(model.shape(shape))[number].shape;
  }
}

enum class Cover { kWhole, kPart, kNone };

Cover cover(const std::vector<std::string>& supported, std::string_view path) {
  Cover out = Cover::kNone;
  for (const std::string& name : supported) {
    if (name == path) return Cover::kWhole;
    if (name.size() > path.size() && name.starts_with(path) && name[path.size()] == '.') {
      out = Cover::kPart;
    }
  }
  return out;
}

// The path of the first member that carries content and is not covered; empty if none.
std::string find_unsupported(const ServiceModel& model, const ShapeRow& shape, const Value& value,
                             const std::vector<std::string>& supported, const std::string& prefix) {
  const auto members = model.members_of(shape);
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (is_empty(value[i])) continue;
    std::string path = prefix + std::string(model.text(members[i].name));
    switch (cover(supported, path)) {
      case Cover::kWhole:
        break;
      case Cover::kPart: {
        std::string inner =
            find_unsupported(model, model.shape(members[i].shape), value[i], supported, path + ".");
        if (!inner.empty()) return inner;
        break;
      }
      case Cover::kNone:
        return path;
    }
  }
  return {};
}

}  // namespace

OperationTable::OperationTable(const ServiceModel& model)
    : model_(&model), entries_(model.operations.size()) {}

void OperationTable::add_handler(std::uint16_t operation, std::unique_ptr<Handler> handler,
                                 std::initializer_list<std::string_view> supported) {
  const OperationRow& row = model_->operations[operation];
  for (const std::string_view path : supported) require_member(*model_, row, path);
  entries_[operation].handler = std::move(handler);
  entries_[operation].supported.assign(supported.begin(), supported.end());
}

const Handler* OperationTable::find(std::uint16_t operation) const {
  return operation < entries_.size() ? entries_[operation].handler.get() : nullptr;
}

std::size_t OperationTable::body_limit(std::uint16_t operation) const {
  return operation < entries_.size() ? entries_[operation].body_limit : kBodyBytesDefault;
}

Status OperationTable::check_supported(const OperationRow& operation, const Value& input) const {
  const Entry& entry = entries_[operation.index];
  if (entry.supported.empty() || operation.input == kNone) return {};
  const std::string path =
      find_unsupported(*model_, model_->shape(operation.input), input, entry.supported, "");
  if (path.empty()) return {};
  return fail(Error(ErrorKind::kUnsupported, "NotImplemented",
                    fmt::format("Lapwing does not support the parameter {} of {} {} yet.", path,
                                model_->id, model_->name(operation)))
                  .with_status(501));
}

Error not_implemented(std::string_view service, std::string_view operation) {
  return Error(ErrorKind::kUnsupported, "NotImplemented",
               fmt::format("{} {} is not built in Lapwing yet.", service, operation))
      .with_status(501);
}

}  // namespace lapwing::aws
