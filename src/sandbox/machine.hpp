// What this machine offers, in words: the isolation report, and the error of a machine on
// which no sandbox can be made.
#pragma once

#include <string>

#include "base/result.hpp"
#include "sandbox/handle/housekeeper.hpp"
#include "sandbox/launcher.hpp"
#include "sandbox/report.hpp"

namespace lapwing::sandbox {

IsolationReport isolation_report(const Housekeeper& housekeeper, bool user_id_ranges,
                                 const NetworkStatus& network);
// `cause` is what the helper met; the message adds the remedy this machine needs.
Error no_sandboxes_error(const std::string& cause);

}  // namespace lapwing::sandbox
