// Target: what a signed request costs more since users have keys, in 0.1 us or less where the key
// is the configuration's, and 0.3 us where it is one of 10,000 users'. Verifying its signature
// takes 6 (aws/sigv4_bench.cpp).
#include <string>

#include <benchmark/benchmark.h>

#include "background/runner.hpp"
#include "base/log.hpp"
#include "services/iam/key_ring.hpp"
#include "store/memory/memory_engine.hpp"

namespace lapwing::iam {
namespace {

constexpr int kUsers = 10'000;
constexpr char kOfAUser[] = "AKIAUSER0000000005000";
constexpr char kOfTheConfiguration[] = "AKIACONFIGURATION000";

std::string key_of(int number) {
  std::string digits = std::to_string(number);
  return "AKIAUSER" + std::string(13 - digits.size(), '0') + digits;
}

// Keys of users, asked after those of the configuration.
struct Keys {
  Keys() {
    for (int i = 0; i < kUsers; ++i) add(i);
    (void)ring.load();
    ring.start(background);
    store.add(kOfTheConfiguration, "secret", {});
    store.ask_further(ring);
  }
  ~Keys() { ring.stop(); }

  void add(int number) {
    Identity user;
    user.account = "000000000000";
    user.name = "user" + std::to_string(number);
    user.path = "/";
    user.id = "AIDA" + std::to_string(number);
    AccessKey key;
    key.id = key_of(number);
    key.account = user.account;
    key.user = user.id;
    key.sealed = sealer.seal("secret", key.id);
    (void)engine->store().transact([&](store::Txn& txn) -> Status {
      LAPWING_CHECK(Identities::put(txn, user));
      LAPWING_CHECK(AccessKeys::put(txn, key));
      return {};
    });
  }

  SystemClock clock;
  SeededRandom random{7};
  std::unique_ptr<store::Engine> engine = store::make_memory_engine(clock);
  background::Runner background{clock, null_logger(), {}};
  Sealer sealer{crypto::AesKey{}, crypto::AesKey{}, random};
  KeyRing ring{engine->store(), clock, sealer};
  aws::MemoryCredentialStore store{nullptr};
};

void sign(benchmark::State& state, const char* key) {
  static Keys keys;
  for (auto _ : state) {
    const auto known = keys.store.find(key, "", WallTime());
    if (!known) state.SkipWithError("not known");
    keys.store.used(key, {"lambda", "us-east-1"});
    benchmark::DoNotOptimize(known);
  }
}
void BM_KeyOfTheConfiguration(benchmark::State& state) { sign(state, kOfTheConfiguration); }
void BM_KeyOfAUser(benchmark::State& state) { sign(state, kOfAUser); }
BENCHMARK(BM_KeyOfTheConfiguration)->ThreadRange(1, 2);
BENCHMARK(BM_KeyOfAUser)->ThreadRange(1, 2);

// What it was before: no other store is asked or told.
void BM_KeyOfTheConfigurationAlone(benchmark::State& state) {
  aws::MemoryCredentialStore store(nullptr);
  store.add(kOfTheConfiguration, "secret", {});
  for (auto _ : state) {
    const auto known = store.find(kOfTheConfiguration, "", WallTime());
    benchmark::DoNotOptimize(known);
  }
}
BENCHMARK(BM_KeyOfTheConfigurationAlone);

}  // namespace
}  // namespace lapwing::iam
