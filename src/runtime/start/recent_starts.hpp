// RecentStarts: which function versions were started last, in a small file, so that a server that
// comes back has something ready for those who call them next, also after a crash.
//
// Of more than it holds, the first of the account that has most is forgotten, so that one account
// does not take what others have.
//
// Who starts an environment notes it. The file is written by the driver of a DueSource: a moment
// later, seldom, and only when it names others than it did. It is a hint: a file that is not there
// or makes no sense names nothing, and a version it names may be gone.
//
// Thread-safety: load() before all others, write() by one thread at a time; note() by any thread.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/due_source.hpp"
#include "base/result.hpp"
#include "runtime/function_version.hpp"

namespace lapwing::runtime {

class RecentStarts final : public DueSource {
 public:
  struct Start {
    AccountId account;
    Region region;
    FunctionName name;
    std::string version;  // as FunctionVersion's
    friend bool operator==(const Start&, const Start&) = default;
  };

  RecentStarts(std::string path, const Clock& clock) : path_(std::move(path)), clock_(clock) {}

  // What the file names, the last started first.
  std::vector<Start> load();
  // True when there is something to write from now on: next_due() has changed.
  bool note(const FunctionVersion& function);
  // What is not written yet.
  Status write();

  Result<std::optional<MonoTime>> next_due() override;
  Status run_due() override { return write(); }

 private:
  void forget_one();

  std::string path_;
  const Clock& clock_;
  std::mutex mutex_;
  std::vector<std::string> lines_;  // the last started last; guarded by mutex_, as is the rest
  std::optional<MonoTime> due_;
  std::optional<MonoTime> written_;
};

}  // namespace lapwing::runtime
