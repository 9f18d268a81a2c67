#include <algorithm>

#include "services/lambda/configuration.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/limits.hpp"
#include "services/lambda/operations/operations.hpp"
#include "text/base64.hpp"

namespace lapwing::lambda {

namespace gl = gen::lambda;

// The marker is the name of the last function shown; opaque, so that nobody relies on it.
Result<gl::ListFunctionsResponse> list_functions(Context& context, const aws::Caller& caller,
                                                 const gl::ListFunctionsRequest& in) {
  std::string after;
  if (in.marker && !in.marker->empty()) {
    auto decoded = text::base64url_decode(*in.marker);
    if (!decoded) return fail(errors::invalid_parameter("Invalid marker"));
    after = *std::move(decoded);
  }
  const std::size_t wanted =
      in.max_items ? static_cast<std::size_t>(*in.max_items) : kMaxFunctionsPerPage;
  LAPWING_TRY(const FunctionPage page,
              context.functions.list(caller.account, caller.region, after,
                                     std::clamp<std::size_t>(wanted, 1, kMaxFunctionsPerPage)));
  // FunctionVersion=ALL lists every version, and so names each one's.
  const std::string_view qualifier = in.function_version ? kLatest : std::string_view();
  gl::ListFunctionsResponse out;
  out.functions.emplace();
  for (const FunctionRecord& record : page.functions) {
    out.functions->push_back(describe_in_list(record, qualifier));
  }
  if (!page.next_name.empty()) out.next_marker = text::base64url_encode(page.next_name);
  return out;
}

}  // namespace lapwing::lambda
