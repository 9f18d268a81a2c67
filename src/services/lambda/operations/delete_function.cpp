#include "services/lambda/errors.hpp"
#include "services/lambda/operations/operations.hpp"

namespace lapwing::lambda {

namespace gl = gen::lambda;

Result<gl::DeleteFunctionResponse> delete_function(Context& context, const aws::Caller& caller,
                                                   const gl::DeleteFunctionRequest& in) {
  LAPWING_TRY(const FunctionIdentifier id,
              identify(caller, in.function_name, in.qualifier, "lambda:DeleteFunction"));
  if (id.qualifier == kLatest) return fail(errors::latest_not_deletable());
  LAPWING_CHECK(find_function(context, id));
  LAPWING_CHECK(context.functions.erase(id.key));
  LAPWING_CHECK(context.catalog.reload(id.key));
  context.transitions.schedule_sweep();
  gl::DeleteFunctionResponse out;
  out.status_code = 204;
  return out;
}

}  // namespace lapwing::lambda
