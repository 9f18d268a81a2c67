#include "aws/coverage.hpp"

#include <fmt/format.h>

namespace lapwing::aws {
namespace {

std::string state_of(const OperationTable& table, const OperationRow& operation) {
  const OperationTable::Entry& entry = table.entry(operation.index);
  if (!entry.built()) return "501 NotImplemented";
  const std::vector<std::string> refused = table.refused_members(operation);
  if (refused.empty()) return "built";
  return fmt::format("built but for {}", fmt::join(refused, ", "));
}

}  // namespace

std::string coverage_page(const OperationTable& table) {
  const ServiceModel& model = table.model();
  std::size_t built = 0;
  std::size_t others = 0;
  std::string rows;
  for (const OperationRow& operation : model.operations) {
    others += operation.name_only ? 1 : 0;
    if (operation.name_only) continue;
    const OperationTable::Entry& entry = table.entry(operation.index);
    built += entry.built() ? 1 : 0;
    rows += fmt::format("| {} | {} | {} |\n", model.name(operation), state_of(table, operation),
                        entry.built() ? entry.action : "");
  }
  if (others > 0) rows += fmt::format("\nThe other {} answer 501 NotImplemented.\n", others);
  return fmt::format(
      "# {}\n\n{} of {} operations of the API of {} are built. A parameter that is not is refused "
      "by name\n(501 NotImplemented) when it carries anything.\n\n"
      "| operation | | permission |\n|---|---|---|\n{}",
      model.id, built, model.operations.size(), model.api_version, rows);
}

}  // namespace lapwing::aws
