#include <algorithm>
#include <string_view>

#include "services/logs/errors.hpp"
#include "services/logs/limits.hpp"
#include "services/logs/operations/operations.hpp"
#include "services/logs/pages.hpp"

namespace lapwing::logs {
namespace {

// "^/aws/lambda|orders": parts of names, at their beginning where there is a ^; any of them.
bool fits(std::string_view name, std::string_view pattern) {
  while (true) {
    const std::size_t bar = pattern.find('|');
    const std::string_view one = pattern.substr(0, bar);
    if (one.starts_with('^') ? name.starts_with(one.substr(1)) : name.contains(one)) return true;
    if (bar == std::string_view::npos) return false;
    pattern.remove_prefix(bar + 1);
  }
}

bool has(const Tags& tags, const model::TagFilter& filter) {
  const auto found = tags.find(filter.key);
  if (found == tags.end()) return false;
  return !filter.values || filter.values->empty() ||
         std::ranges::find(*filter.values, found->second) != filter.values->end();
}

bool wanted(const Group& group, const model::ListLogGroupsRequest& in) {
  if (in.log_group_name_pattern && !fits(group.name, *in.log_group_name_pattern)) return false;
  if (in.log_group_class && group.log_class != *in.log_group_class) return false;
  if (!in.log_group_tags) return true;
  return std::ranges::all_of(*in.log_group_tags,
                             [&](const model::TagFilter& each) { return has(group.tags, each); });
}

}  // namespace

Result<model::ListLogGroupsResponse> list_log_groups(Core& core, const Call& call,
                                                     const model::ListLogGroupsRequest& in) {
  const Scope scope = scope_of(call.caller);
  LAPWING_TRY(const PageAsk ask, page_ask("logs.ListLogGroups", in.next_token, in.limit));
  std::string after = ask.after;
  model::ListLogGroupsResponse out;
  out.log_groups.emplace();
  while (true) {
    LAPWING_TRY(const Repository::GroupPage page,
                core.repository.groups(scope, "", after, store::kMaxScanLimit));
    for (const Group& group : page.groups) {
      if (!wanted(group, in)) continue;
      if (out.log_groups->size() == ask.limit) {  // there is one more
        out.next_token = resources::token_after(ask, *out.log_groups->back().log_group_name);
        return out;
      }
      model::LogGroupSummary& each = out.log_groups->emplace_back();
      each.log_group_name = group.name;
      each.log_group_arn = group_arn(scope, group.name);
      each.log_group_class = group.log_class;
    }
    if (!page.next) return out;
    after = *page.next;
  }
}

}  // namespace lapwing::logs
