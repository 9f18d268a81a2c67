#include "store/testing/engines.hpp"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "store/memory/memory_engine.hpp"
#include "store/sqlite/sqlite_engine.hpp"

namespace lapwing::store::testing {
namespace {

std::unique_ptr<Engine> open_memory(const std::string&, const Clock& clock,
                                    std::uint64_t feed_history) {
  return make_memory_engine(clock, {feed_history});
}

std::unique_ptr<Engine> open_sqlite(const std::string& dir, const Clock& clock,
                                    std::uint64_t feed_history) {
  auto engine = open_sqlite_engine({dir, feed_history}, clock, null_logger());
  if (!engine) throw std::runtime_error(engine.error().to_log());
  return std::move(*engine);
}

}  // namespace

std::vector<EngineKind> all_engines() {
  return {{"memory", false, open_memory}, {"sqlite", true, open_sqlite}};
}

std::string engine_name(const ::testing::TestParamInfo<EngineKind>& info) {
  return info.param.name;
}

TempDir::TempDir() {
  const char* base = std::getenv("TMPDIR");
  path_ = std::string(base != nullptr ? base : "/tmp") + "/lapwing-store-XXXXXX";
  if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp " + path_);
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace lapwing::store::testing
