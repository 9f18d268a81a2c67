#include "aws/page_token.hpp"
#include "services/lambda/configuration.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/operations/common.hpp"

namespace lapwing::lambda {

namespace {

namespace gl = gen::lambda;

constexpr char kSeparator = ':';  // not in any function's name
constexpr std::string_view kList = "lambda.ListFunctions";
constexpr std::string_view kListOfAll = "lambda.ListFunctions ALL";

// Where a list of all versions of all functions stands: the last one shown.
struct Position {
  FunctionName name;
  std::uint64_t version = 0;
};

Result<Position> read_position(const std::string& marker) {
  const std::size_t colon = marker.find(kSeparator);
  if (marker.empty()) return Position{};
  const std::optional<std::uint64_t> version =
      colon == std::string::npos ? std::nullopt
                                 : parse_version(std::string_view(marker).substr(colon + 1));
  if (!version) return fail(errors::invalid_marker());
  return Position{FunctionName(marker.substr(0, colon)), *version};
}

std::string write_position(const FunctionRecord& record) {
  return record.key.name.str() + kSeparator + record.version_name();
}

// The versions behind `after` until there are `limit`.
Status add_versions(Core& core, const FunctionKey& key, std::uint64_t after, std::size_t limit,
                    std::vector<FunctionRecord>& out) {
  if (out.size() >= limit) return {};
  LAPWING_TRY(Page<FunctionRecord> page,
              core.functions.list_versions(key, after, limit - out.size()));
  for (FunctionRecord& version : page.items) out.push_back(std::move(version));
  return {};
}

Result<gl::ListFunctionsResponse> list_all(Core& core, const aws::Caller& caller,
                                           const Position& after, std::size_t limit) {
  // One more than is shown tells whether there is another page.
  const std::size_t wanted = limit + 1;
  std::vector<FunctionRecord> shown;
  if (!after.name.empty()) {
    LAPWING_CHECK(add_versions(core, {caller.account, caller.region, after.name}, after.version,
                               wanted, shown));
  }
  std::string next = after.name.str();
  while (shown.size() < wanted) {
    LAPWING_TRY(Page<FunctionRecord> page,
                core.functions.list(caller.account, caller.region, next, wanted - shown.size()));
    for (FunctionRecord& function : page.items) {
      if (shown.size() == wanted) break;
      const FunctionKey key = function.key;
      shown.push_back(std::move(function));
      LAPWING_CHECK(add_versions(core, key, 0, wanted, shown));
    }
    if (page.next.empty()) break;
    next = page.next;
  }
  gl::ListFunctionsResponse out;
  if (shown.size() > limit) {
    shown.resize(limit);
    out.next_marker = aws::write_page_token(kListOfAll, write_position(shown.back()));
  }
  out.functions.emplace();
  for (const FunctionRecord& record : shown) {
    out.functions->push_back(describe_in_list(record, record.version_name()));
  }
  return out;
}

}  // namespace

Result<gl::ListFunctionsResponse> list_functions(Core& core, const aws::Call& call,
                                                 const gl::ListFunctionsRequest& in) {
  LAPWING_TRY(const std::string marker,
              read_marker(in.function_version ? kListOfAll : kList, in.marker));
  const std::size_t limit = page_size(in.max_items);
  if (in.function_version) {
    LAPWING_TRY(const Position after, read_position(marker));
    return list_all(core, call.caller, after, limit);
  }
  LAPWING_TRY(const Page<FunctionRecord> page,
              core.functions.list(call.caller.account, call.caller.region, marker, limit));
  gl::ListFunctionsResponse out;
  out.functions.emplace();
  for (const FunctionRecord& record : page.items) {
    out.functions->push_back(describe_in_list(record));
  }
  if (!page.next.empty()) out.next_marker = aws::write_page_token(kList, page.next);
  return out;
}

}  // namespace lapwing::lambda
