// What the operations use: nothing yet, as they answer out of the call itself.
#pragma once

namespace lapwing::sts {

struct Core {};

}  // namespace lapwing::sts
