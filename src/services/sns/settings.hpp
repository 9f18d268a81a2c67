// What may be set of SNS.
#pragma once

#include <string>

#include "base/result.hpp"
#include "base/settings.hpp"

namespace lapwing::sns {

struct Settings {
  // Without a slash at its end; empty: as the caller has reached us.
  std::string url;

  void visit(SettingVisitor& to) {
    to.text("sns.url", url,
            {.help = "what the links in messages begin with (to confirm, to unsubscribe, to the "
                     "signing certificate); AWS's message validators take only "
                     "https://sns.REGION.amazonaws.com; empty: the address under which the "
                     "publisher or subscriber has reached the server",
             .example = "\"https://sns.us-east-1.amazonaws.com\""});
  }
  Status check() const {
    const bool good = url.empty() || ((url.starts_with("http://") || url.starts_with("https://")) &&
                                      !url.ends_with('/'));
    if (good) return {};
    return fail(make_error(ErrorKind::kInvalid,
                           "sns.url begins with http:// or https:// and ends without a slash"));
  }
};

}  // namespace lapwing::sns
