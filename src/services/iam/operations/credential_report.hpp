// The credential report: a line of comma-separated values for the account's root and each user.
//
// Source: the IAM user guide, "Generate credential reports for your AWS account".
#pragma once

#include "aws/call.hpp"
#include "aws/empty.hpp"
#include "base/result.hpp"
#include "gen/iam/generate_credential_report.hpp"
#include "gen/iam/get_credential_report.hpp"
#include "services/iam/core.hpp"

namespace lapwing::iam {

// A report is there at once; for kReportLife another one is not begun.
Result<gen::iam::GenerateCredentialReportResponse> generate_credential_report(Core& core,
                                                                              const aws::Call& call,
                                                                              const aws::Empty& in);
// Written when it is fetched: it tells what is so then.
Result<gen::iam::GetCredentialReportResponse> get_credential_report(Core& core,
                                                                    const aws::Call& call,
                                                                    const aws::Empty& in);

}  // namespace lapwing::iam
