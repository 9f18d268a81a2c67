// Input or output of operations whose model has none.
#pragma once

namespace lapwing::aws {

struct Empty {};

}  // namespace lapwing::aws
