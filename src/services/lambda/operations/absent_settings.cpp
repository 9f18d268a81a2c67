#include "services/lambda/operations/absent_settings.hpp"

#include <array>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "gen/lambda/model.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/operations/common.hpp"

namespace lapwing::lambda {

namespace {

using Id = gen::lambda::OperationId;

// One request. No operation here has typed structs: each reads two members and writes one or two.
class Asked {
 public:
  Asked(Core& core, const aws::Caller& caller, const aws::OperationRow& operation,
        const aws::Value& input, aws::Arena& arena)
      : core_(core), caller_(caller), operation_(operation), input_(input), arena_(arena) {}

  std::string_view text(std::string_view member) const {
    const std::uint16_t at = model().find_member(model().shape(operation_.input), member);
    return at == aws::kNone ? std::string_view() : input_[at].as_string();
  }

  Result<FunctionIdentifier> function() const {
    const std::string_view qualifier = text("Qualifier");
    return identify(caller_, text("FunctionName"),
                    qualifier.empty() ? std::nullopt : std::optional(std::string(qualifier)),
                    fmt::format("lambda:{}", model().name(operation_)));
  }
  // What authorisation asks about: the function, where one is named.
  std::string resource() const {
    if (text("FunctionName").empty()) return "*";
    const auto id = function();
    return id ? function_arn(id->key, id->qualifier) : std::string(text("FunctionName"));
  }
  // ResourceNotFoundException for one that is not there.
  Result<FunctionRecord> record() const {
    LAPWING_TRY(const FunctionIdentifier id, function());
    return find_function(core_, id);
  }
  // The same in other words, for a function as a whole.
  Status check_there(Error (*missing)()) const {
    LAPWING_TRY(const FunctionIdentifier id, function());
    auto found = find_function(core_, {id.key, ""});
    if (!found && found.error().kind() == ErrorKind::kNotFound) return fail(missing());
    return found ? Status() : fail(std::move(found).error());
  }

  // An answer with these of its members.
  struct Member {
    std::string_view name;
    aws::Value value;
  };
  aws::Value answer(std::initializer_list<Member> members) const {
    const aws::ShapeRow& shape = model().shape(operation_.output);
    auto slots = arena_.make_array<aws::Value>(shape.count);
    for (const Member& member : members) {
      slots[model().find_member(shape, member.name)] = member.value;
    }
    return aws::Value::structure(slots);
  }
  aws::Value string(std::string_view value) const { return aws::Value::string(arena_.copy(value)); }
  aws::Value none_of(std::string_view list) const { return answer({{list, aws::Value::list({})}}); }

  const aws::Caller& caller() const { return caller_; }

 private:
  static const aws::ServiceModel& model() { return gen::lambda::kModel; }

  Core& core_;
  const aws::Caller& caller_;
  const aws::OperationRow& operation_;
  const aws::Value& input_;
  aws::Arena& arena_;
};

using Answer = Result<aws::Value> (*)(const Asked&);

// Whether the function is there or not.
Result<aws::Value> no_resource(const Asked& asked) {
  LAPWING_CHECK(asked.function());
  return fail(errors::resource_not_found());
}

Result<aws::Value> get_function_scaling_config(const Asked& asked) {
  LAPWING_TRY(const FunctionRecord record, asked.record());
  return asked.answer(
      {{"FunctionArn", asked.string(function_arn(record.key, record.version_name()))}});
}

Result<aws::Value> list_function_url_configs(const Asked& asked) {
  LAPWING_CHECK(asked.check_there(errors::function_does_not_exist));
  return asked.none_of("FunctionUrlConfigs");
}

Result<aws::Value> list_durable_executions(const Asked& asked) {
  LAPWING_CHECK(asked.record());
  return asked.none_of("DurableExecutions");
}

Result<aws::Value> list_capacity_providers(const Asked& asked) {
  return asked.none_of("CapacityProviders");
}

Result<aws::Value> no_capacity_provider(const Asked& asked) {
  const aws::Caller& caller = asked.caller();
  const std::string_view name = asked.text("CapacityProviderName");
  if (name.starts_with("arn:")) return fail(errors::capacity_provider_not_found(name));
  return fail(errors::capacity_provider_not_found(aws::make_arn(
      "lambda", caller.region, caller.account, fmt::format("capacity-provider:{}", name))));
}

struct Row {
  Id operation;
  Answer answer;
};
constexpr std::array kRows = {
    Row{Id::kGetFunctionUrlConfig, no_resource},
    Row{Id::kListFunctionUrlConfigs, list_function_url_configs},
    Row{Id::kGetFunctionScalingConfig, get_function_scaling_config},
    Row{Id::kListDurableExecutionsByFunction, list_durable_executions},
    Row{Id::kListCapacityProviders, list_capacity_providers},
    Row{Id::kGetCapacityProvider, no_capacity_provider},
    Row{Id::kListFunctionVersionsByCapacityProvider, no_capacity_provider},
};

const aws::OperationRow& operation_of(Id id) {
  return gen::lambda::kModel.operations[static_cast<std::size_t>(id)];
}

class AbsentSetting final : public aws::Handler {
 public:
  AbsentSetting(Core& core, const Row& row) : core_(core), row_(row) {}

  bool waits() const override { return false; }

  Result<aws::Value> run(const aws::Call& call, aws::Decoded& input, aws::Arena& arena,
                         aws::ResponseExtras&, const aws::Gate& gate) const override {
    const Asked asked(core_, call.caller, operation_of(row_.operation), input.value, arena);
    LAPWING_CHECK(gate.pass(asked.resource()));
    return row_.answer(asked);
  }

 private:
  Core& core_;
  Row row_;
};

}  // namespace

void add_absent_settings(aws::OperationTable& table, Core& core) {
  for (const Row& row : kRows) {
    const std::string_view name = gen::lambda::kModel.name(operation_of(row.operation));
    const bool lists = name.starts_with("List");
    table.add_row(name,
                  {lists ? aws::Access::kList : aws::Access::kRead, {}, {}, aws::kBodyBytesDefault},
                  std::make_unique<AbsentSetting>(core, row));
  }
}

}  // namespace lapwing::lambda
