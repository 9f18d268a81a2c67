// How the service differs from AWS where a user wants it so.
#pragma once

#include "base/settings.hpp"

namespace lapwing::sqs {

struct Options {
  // A name is free again 60 s after its queue was deleted, as on AWS; else at once.
  bool strict_deletion = false;

  void visit(SettingVisitor& to) {
    to.flag("sqs.strict_deletion", strict_deletion,
            {.help = "a queue's name is free again 60 s after the queue was deleted, as on AWS; "
                     "else at once"});
  }
};

}  // namespace lapwing::sqs
