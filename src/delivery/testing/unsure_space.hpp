// A space whose store keeps what it is given, and sometimes says that it does not know whether it
// has: as a disk that fails after the write.
//
// Thread-safety: as store::Space.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "store/engine.hpp"

namespace lapwing::delivery::testing {

class UnsureStore final : public store::Store {
 public:
  explicit UnsureStore(store::Store& under) : under_(under) {}
  // Of those submitted from now on, this one's outcome is not told: 1 is the next.
  void unsure_at(int which) { left_ = which; }
  bool was_unsure() const { return left_ <= 0; }

  Result<std::optional<store::Record>> get(std::string_view kind, std::string_view key) override {
    return under_.get(kind, key);
  }
  Result<store::ScanPage> scan(const store::ScanQuery& query) override {
    return under_.scan(query);
  }
  Status read(FunctionRef<Status(store::Reader&)> body) override { return under_.read(body); }
  Result<store::Committed> transact(FunctionRef<Status(store::Txn&)> body,
                                    const store::TransactOptions& options) override {
    return under_.transact(body, options);
  }
  Status submit(store::TxnBody body, store::TransactOptions options, store::TxnDone done) override {
    if (left_.fetch_sub(1) != 1) {
      return under_.submit(std::move(body), std::move(options), std::move(done));
    }
    return under_.submit(std::move(body), std::move(options),
                         [done = std::move(done)](Result<store::Committed> committed) mutable {
                           EXPECT_TRUE(committed);
                           done(fail(make_error(ErrorKind::kUnknown, "It is not known.")));
                         });
  }
  Result<std::vector<std::string>> undeclared_owners() override {
    return under_.undeclared_owners();
  }
  Status declare_blobs(std::string_view owner) override { return under_.declare_blobs(owner); }

 private:
  store::Store& under_;
  std::atomic<int> left_{0};
};

class UnsureSpace final : public store::Space {
 public:
  explicit UnsureSpace(store::Space& under) : under_(under), store_(under.store()) {}

  UnsureStore& store() override { return store_; }
  store::ChangeFeed& changes() override { return under_.changes(); }
  store::Queue& queue() override { return under_.queue(); }
  store::Log& log() override { return under_.log(); }
  store::Lease& lease() override { return under_.lease(); }
  DueSource& due() override { return under_.due(); }
  Result<std::uint64_t> used_bytes() override { return under_.used_bytes(); }

 private:
  store::Space& under_;
  UnsureStore store_;
};

}  // namespace lapwing::delivery::testing
