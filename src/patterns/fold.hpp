// Text without regard to case, character by character.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace lapwing::patterns {

// Two texts are equal but for case when their folded forms are equal. A prefix of the text folds to
// a prefix of the folded text. What is not UTF-8 stays as it is.
void fold_case(std::string_view text, std::string& out);
inline std::string folded(std::string_view text) {
  std::string out;
  fold_case(text, out);
  return out;
}

}  // namespace lapwing::patterns
