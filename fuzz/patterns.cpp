// A pattern on the first line, an event behind it: whatever comes in is compiled or refused with a
// message; the index finds what the plain reading of the tests finds; copies match together.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "patterns/compile.hpp"
#include "patterns/pattern_set.hpp"

namespace {

using lapwing::patterns::Dialect;
using lapwing::patterns::Identified;
using lapwing::patterns::Match;
using lapwing::patterns::Pattern;
using lapwing::patterns::PatternId;
using lapwing::patterns::PatternSet;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(std::string_view text, std::string_view event, Dialect dialect) {
  const auto compiled = lapwing::patterns::compile(text, dialect);
  if (!compiled) {
    require(!compiled.error().message.empty());
    return;
  }
  require(!compiled->alternatives.empty());
  PatternSet one;
  one.add(1, *compiled);
  // Enough of them to stand in nodes of their own, each alternative as a pattern too.
  std::vector<Identified> all;
  for (PatternId id = 0; id < 20; ++id) {
    all.push_back({id, std::make_shared<const Pattern>(*compiled)});
  }
  for (const auto& alternative : compiled->alternatives) {
    Pattern single = *compiled;
    single.alternatives = {alternative};
    all.push_back({all.size(), std::make_shared<const Pattern>(std::move(single))});
  }
  PatternSet many;
  many.add(all);
  Match match;
  const bool read = one.snapshot()->match(event, match).has_value();
  const bool matched = !match.ids().empty();
  require(many.snapshot()->match(event, match).has_value() == read);
  const auto whole = static_cast<std::size_t>(
      std::count_if(match.ids().begin(), match.ids().end(), [](PatternId id) { return id < 20; }));
  require(whole == (matched ? 20U : 0U));
  require((match.ids().size() > whole) == matched);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(input.find('\n'), size);
  const std::string_view pattern = input.substr(0, line);
  const std::string_view event = line == size ? std::string_view("{}") : input.substr(line + 1);
  check(pattern, event, Dialect::kRule);
  check(pattern, event, Dialect::kBody);
  return 0;
}
