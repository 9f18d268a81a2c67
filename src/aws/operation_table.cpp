#include "aws/operation_table.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/core.h>

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

void list_uncovered(const ServiceModel& model, const ShapeRow& shape,
                    const std::vector<std::string>& accepts, const std::string& prefix,
                    std::vector<std::string>& out) {
  for (const MemberRow& member : model.members_of(shape)) {
    const std::string path = prefix + std::string(model.text(member.name));
    const Cover covered = cover(accepts, path);
    if (covered == Cover::kNone) out.push_back(path);
    if (covered == Cover::kPart) {
      list_uncovered(model, model.shape(member.shape), accepts, path + ".", out);
    }
  }
}

}  // namespace

Result<Value> Handler::run(const Call&, Decoded&, Arena&, ResponseExtras&, const Gate&) const {
  return fail(internal_error("an operation that waits was run as one that does not"));
}

net::Task<Result<Value>> Handler::wait(net::Loop&, const Call&, Decoded&, Arena&, ResponseExtras&,
                                       const Gate&) const {
  co_return fail(internal_error("an operation that does not wait was run as one that does"));
}

net::Task<Status> Handler::stream(net::Loop&, const Call&, Decoded&, const Gate&, BodySource&,
                                  AnswerSink&) const {
  co_return fail(internal_error("an operation that does not stream was run as one that does"));
}

OperationTable::OperationTable(const ServiceModel& model)
    : model_(&model), entries_(model.operations.size()) {
  for (Entry& entry : entries_) entry.counts = std::make_shared<OperationCounts>();
  for (const OperationRow& row : model.operations) entries_[row.index].refused = row.name_only;
}

OperationTable::Entry& OperationTable::find(std::string_view operation) {
  const OperationRow* row = model_->find_operation(operation);
  if (row == nullptr) {
    throw std::logic_error(fmt::format("{} has no operation {}", model_->id, operation));
  }
  Entry& entry = entries_[row->index];
  if (entry.built() || entry.refused) {
    throw std::logic_error(fmt::format("{} {} is in the table twice", model_->id, operation));
  }
  return entry;
}

OperationTable::Entry& OperationTable::describe(std::string_view operation, const RowFacts& facts) {
  Entry& entry = find(operation);
  const OperationRow& row = *model_->find_operation(operation);
  for (const std::string_view path : facts.accepts) require_member(*model_, row, path);
  entry.access = facts.access;
  entry.action = facts.action.empty() ? fmt::format("{}:{}", model_->signing_name, operation)
                                      : std::string(facts.action);
  entry.accepts.assign(facts.accepts.begin(), facts.accepts.end());
  entry.body_bytes_max = facts.body_bytes_max;
  entry.unsigned_too = facts.unsigned_too;
  return entry;
}

void OperationTable::add_row(std::string_view operation, const RowFacts& facts,
                             std::unique_ptr<Handler> handler) {
  describe(operation, facts).handler = std::move(handler);
}

void OperationTable::add_row_elsewhere(std::string_view operation, const RowFacts& facts,
                                       std::unique_ptr<Handler> performer) {
  Entry& entry = describe(operation, facts);
  entry.elsewhere = true;
  entry.performer = std::move(performer);
}

void OperationTable::add_elsewhere(std::string_view operation, Access access,
                                   std::string_view action) {
  Entry& entry = find(operation);
  entry.elsewhere = true;
  entry.access = access;
  entry.action = action;
}

void OperationTable::refuse(std::initializer_list<std::string_view> operations) {
  for (const std::string_view operation : operations) find(operation).refused = true;
}

std::vector<std::string_view> OperationTable::uncovered() const {
  std::vector<std::string_view> out;
  for (const OperationRow& row : model_->operations) {
    const Entry& entry = entries_[row.index];
    if (!entry.built() && !entry.refused) out.push_back(model_->name(row));
  }
  return out;
}

std::vector<std::string> OperationTable::refused_members(const OperationRow& operation) const {
  std::vector<std::string> out;
  const std::vector<std::string>& accepts = entries_[operation.index].accepts;
  if (!accepts.empty() && operation.input != kNone) {
    list_uncovered(*model_, model_->shape(operation.input), accepts, "", out);
  }
  return out;
}

Status OperationTable::check_accepted(const OperationRow& operation, const Value& input) const {
  const Entry& entry = entries_[operation.index];
  if (entry.accepts.empty() || operation.input == kNone) return {};
  const std::string path =
      find_unsupported(*model_, model_->shape(operation.input), input, entry.accepts, "");
  if (path.empty()) return {};
  return fail(unsupported(model_->id, model_->name(operation), path));
}

std::string_view to_string(Access access) {
  switch (access) {
    case Access::kRead:
      return "Read";
    case Access::kList:
      return "List";
    case Access::kWrite:
      return "Write";
    case Access::kTagging:
      return "Tagging";
    case Access::kPermissions:
      return "Permissions management";
  }
  return "";
}

Error not_implemented(std::string_view service, std::string_view operation) {
  return Error(ErrorKind::kUnsupported, "NotImplemented",
               fmt::format("{} {} is not built in Lapwing yet.", service, operation))
      .with_status(501);
}

Error unsupported(std::string_view service, std::string_view operation, std::string_view parameter,
                  std::string_view why) {
  return Error(ErrorKind::kUnsupported, "NotImplemented",
               fmt::format("Lapwing does not support the parameter {} of {} {}{}{}", parameter,
                           service, operation, why.empty() ? " yet." : ": ", why))
      .with_status(501);
}

}  // namespace lapwing::aws
