// How the service differs from AWS where a user wants it so.
#pragma once

namespace lapwing::sqs {

struct Options {
  // A name is free again 60 s after its queue was deleted, as on AWS; else at once.
  bool strict_deletion = false;
};

}  // namespace lapwing::sqs
