// Empties a string or a container and frees its memory. Assigning an empty one does not: a string
// keeps its buffer, and so does a container that is assigned {}.
//
// Thread-safety: as the value's.
#pragma once

#include <utility>

namespace lapwing {

template <class T>
void let_go(T& what) {
  [[maybe_unused]] const T freed(std::move(what));
}

}  // namespace lapwing
