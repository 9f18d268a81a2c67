#include "mappings/filter.hpp"

#include <utility>

#include "patterns/compile.hpp"

namespace lapwing::mappings {

Result<FilterPtr> Filter::compile(const std::vector<std::string>& texts) {
  if (texts.empty()) return FilterPtr();
  std::vector<patterns::Identified> all;
  for (const std::string& text : texts) {
    auto pattern = patterns::compile(text, patterns::Dialect::kFilter);
    if (!pattern) {
      return fail(
          Error(ErrorKind::kInvalid, "InvalidParameterValueException", pattern.error().message)
              .with_detail(pattern.error().reason));
    }
    all.push_back({all.size(), std::make_shared<const patterns::Pattern>(*std::move(pattern))});
  }
  patterns::PatternSet set;
  set.add(std::move(all));
  return FilterPtr(new Filter(set.snapshot()));
}

bool Filter::passes(std::string_view record, patterns::Match& memory) const {
  if (!patterns_->match(record, memory)) return false;
  return !memory.ids().empty();
}

}  // namespace lapwing::mappings
