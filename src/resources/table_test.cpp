#include "resources/table.hpp"

#include <gtest/gtest.h>

#include "aws/page_token.hpp"
#include "resources/pages.hpp"
#include "resources/tags.hpp"
#include "resources/unique_id.hpp"
#include "store/memory/memory_engine.hpp"

namespace lapwing::resources {
namespace {

struct Door {
  std::string color;
  std::optional<int> width;

  template <class Fields, class R>
  static void fields(Fields& f, R& door) {
    f("color", door.color);
    f("width", door.width);
  }
  bool operator==(const Door&) const = default;
};

enum class Roof : std::uint8_t { kFlat, kGabled = 3 };

struct House {
  std::string name;
  std::string street;
  std::int64_t built_ms = 0;
  bool sold = false;
  double price = 0;
  std::vector<Door> doors{};
  std::map<std::string, std::string> tags{};
  std::optional<Door> garage{};
  AccountId owner{};
  Roof roof = Roof::kFlat;
  std::vector<Roof> sheds{};
  bool operator==(const House&) const = default;
};

struct HouseTable {
  using Record = House;
  static constexpr std::string_view kKind = "test.house";
  static constexpr int kFormat = 2;
  static std::string key(const House& house) { return house.name; }
  template <class Fields, class R>
  static void fields(Fields& f, R& house) {
    f("name", house.name);
    f("street", house.street);
    f("built", house.built_ms);
    f("sold", house.sold);
    f("price", house.price);
    f("doors", house.doors);
    f("tags", house.tags);
    f("garage", house.garage);
    f("owner", house.owner);
    f("roof", house.roof);
    f("sheds", house.sheds);
  }
  static void terms(const House& house, Terms& terms) { terms.push_back({"street", house.street}); }
  static void upgrade(House& house, int from) {
    if (from < 2) house.street = "unknown before format 2";
  }
};
using Houses = Table<HouseTable>;

class TableTest : public ::testing::Test {
 protected:
  ManualClock clock_;
  std::unique_ptr<store::Engine> engine_ = store::make_memory_engine(clock_);
  store::Store& store_ = engine_->store();

  Status change(FunctionRef<Status(store::Txn&)> body) {
    LAPWING_CHECK(store_.transact(body));
    return {};
  }
};

const House kWhole{.name = "a",
                   .street = "elm",
                   .built_ms = -5,
                   .sold = true,
                   .price = 0.25,
                   .doors = {{"red", 3}, {"", std::nullopt}},
                   .tags = {{"k", "v"}},
                   .garage = Door{"grey", 1},
                   .owner = AccountId("000000000000"),
                   .roof = Roof::kGabled,
                   .sheds = {Roof::kGabled, Roof::kFlat}};

TEST_F(TableTest, WhatIsPutIsFound) {
  ASSERT_TRUE(change([](store::Txn& txn) -> Status {
    LAPWING_CHECK(Houses::insert(txn, kWhole));
    LAPWING_CHECK(Houses::put(txn, {.name = "b", .street = "oak"}));
    return {};
  }));
  ASSERT_TRUE(store_.read([](store::Reader& reader) -> Status {
    LAPWING_TRY(const auto whole, Houses::find(reader, "a"));
    EXPECT_EQ(**whole, kWhole);
    LAPWING_TRY(const auto bare, Houses::find(reader, "b"));
    EXPECT_EQ(**bare, (House{.name = "b", .street = "oak"}));
    LAPWING_TRY(const auto none, Houses::find(reader, "c"));
    EXPECT_FALSE(none);
    LAPWING_TRY(const auto far, Houses::find(reader, std::string(store::kMaxKeyBytes + 1, 'x')));
    EXPECT_FALSE(far);
    return {};
  }));
}

TEST_F(TableTest, AnInsertNeedsAnEmptyPlaceAndAChangeTheRevisionItRead) {
  const auto insert = [](store::Txn& txn) -> Status {
    LAPWING_CHECK(Houses::insert(txn, kWhole));
    return {};
  };
  ASSERT_TRUE(change(insert));
  EXPECT_EQ(change(insert).error().kind(), ErrorKind::kConflict);
  EXPECT_EQ(change([](store::Txn& txn) -> Status {
              LAPWING_CHECK(Houses::put(txn, kWhole, store::Expect::revision(99)));
              return {};
            })
                .error()
                .kind(),
            ErrorKind::kConflict);
}

// A package, say: what a record names is not collected while the record is there.
struct Garage {
  std::string name;
  std::string content;  // SHA-256
};
struct GarageTable {
  using Record = Garage;
  static constexpr std::string_view kKind = "test.garage";
  static constexpr int kFormat = 1;
  static std::string key(const Garage& garage) { return garage.name; }
  template <class Fields, class R>
  static void fields(Fields& f, R& garage) {
    f("name", garage.name);
    f("content", garage.content);
  }
  static std::vector<store::BlobId> blobs(const Garage& garage) {
    return {*store::BlobId::from_hex(garage.content)};
  }
};
using Garages = Table<GarageTable>;

TEST_F(TableTest, BlobsAreKeptWithTheirRecord) {
  const store::BlobId id = engine_->blobs().put(as_bytes("a car"))->id;
  ASSERT_TRUE(change([&](store::Txn& txn) -> Status {
    LAPWING_CHECK(Garages::put(txn, {"g", id.hex()}));
    return {};
  }));
  EXPECT_EQ(engine_->collect_blobs(Duration(-1))->removed, 0U);
  ASSERT_TRUE(change([](store::Txn& txn) { return Garages::erase(txn, "g"); }));
  ASSERT_TRUE(change([](store::Txn& txn) { return Garages::erase(txn, "g"); }));
  EXPECT_EQ(engine_->collect_blobs(Duration(-1))->removed, 1U);
}

TEST_F(TableTest, ListsByKeyAndByTerm) {
  ASSERT_TRUE(change([](store::Txn& txn) -> Status {
    for (const char* name : {"a1", "a2", "a3", "b1"}) {
      LAPWING_CHECK(Houses::put(txn, {.name = name, .street = name[1] == '1' ? "elm" : "oak"}));
    }
    return {};
  }));
  const auto names = [&](const ListOptions& options) {
    std::string out;
    EXPECT_TRUE(store_.read([&](store::Reader& reader) -> Status {
      LAPWING_TRY(const auto page, Houses::list(reader, options));
      for (const House& house : page.records) out += house.name + " ";
      if (page.next) out += "...";
      return {};
    }));
    return out;
  };
  EXPECT_EQ(names({.prefix = "a"}), "a1 a2 a3 ");
  EXPECT_EQ(names({.prefix = "a", .limit = 2}), "a1 a2 ...");
  EXPECT_EQ(names({.prefix = "a", .after = "a2"}), "a3 ");
  EXPECT_EQ(names({.prefix = "elm", .index = "street", .match = store::Match::kExact}), "a1 b1 ");
  EXPECT_EQ(names({.order = store::Order::kDescending}), "b1 a3 a2 a1 ");
}

// Counts the records that pass through it.
class Counting final : public store::Reader {
 public:
  explicit Counting(store::Reader& of) : of_(of) {}
  Result<std::optional<store::Record>> get(std::string_view kind, std::string_view key) override {
    return of_.get(kind, key);
  }
  Result<store::ScanPage> scan(const store::ScanQuery& query) override {
    auto page = of_.scan(query);
    if (page) read += page->records.size();
    return page;
  }
  Result<store::CommitSequence> sequence() override { return of_.sequence(); }

  std::size_t read = 0;

 private:
  store::Reader& of_;
};

TEST_F(TableTest, APageReadsNoMoreThanItShows) {
  ASSERT_TRUE(change([](store::Txn& txn) -> Status {
    for (int i = 0; i < 900; ++i) {
      LAPWING_CHECK(Houses::put(
          txn, {.name = "a" + std::to_string(1000 + i), .street = i % 100 == 0 ? "elm" : "oak"}));
    }
    return {};
  }));
  std::size_t read = 0;
  const auto page = [&](const PageAsk& ask, std::string_view street) {
    Paged<House> out;
    EXPECT_TRUE(store_.read([&](store::Reader& reader) -> Status {
      Counting counting(reader);
      LAPWING_TRY(out, page_records<HouseTable>(counting, ask, "a", [&](const House& house) {
                    return street.empty() || house.street == street;
                  }));
      read = counting.read;
      return {};
    }));
    return out;
  };
  const auto first = page({.list = "l", .limit = 10, .after = {}}, "");
  EXPECT_EQ(first.items.back().name, "a1009");
  EXPECT_TRUE(first.next.has_value());
  EXPECT_EQ(read, 11U);
  const auto next = page({.list = "l", .limit = 10, .after = "1009"}, "");
  EXPECT_EQ(next.items.front().name, "a1010");
  EXPECT_EQ(read, 11U);
  // Where few are kept, all of it is looked at in a few steps.
  const auto elms = page({.list = "l", .limit = 20, .after = {}}, "elm");
  EXPECT_EQ(elms.items.size(), 9U);
  EXPECT_FALSE(elms.next.has_value());
  EXPECT_EQ(read, 900U);
}

TEST_F(TableTest, OlderFormatsAreUpgradedAndNewerOnesLeftAlone) {
  ASSERT_TRUE(store_.put("test.house", "old", R"({"v":1,"name":"old","later":[1]})"));
  ASSERT_TRUE(store_.put("test.house", "new", R"({"v":3,"name":"new"})"));
  ASSERT_TRUE(store_.put("test.house", "torn", R"({"v":1,"na)"));
  ASSERT_TRUE(store_.read([](store::Reader& reader) -> Status {
    LAPWING_TRY(const auto old, Houses::find(reader, "old"));
    EXPECT_EQ((*old)->street, "unknown before format 2");
    EXPECT_EQ(Houses::find(reader, "new").error().kind(), ErrorKind::kInternal);
    EXPECT_EQ(Houses::find(reader, "torn").error().kind(), ErrorKind::kInternal);
    return {};
  }));
}

TEST(ScopedKey, NamesMayHoldSlashes) {
  EXPECT_EQ(scoped_key({AccountId("1"), Region("r")}, "a/b"), "1/r/a/b");
}

TEST(Tags, FaultsAreNamed) {
  const auto problem = [](std::string key, std::string value) {
    const auto fault = check_tags({{std::move(key), std::move(value)}});
    return fault ? std::optional(fault->problem) : std::nullopt;
  };
  EXPECT_EQ(problem("Team ä_.:/=+-@", ""), std::nullopt);
  EXPECT_EQ(problem("", "x"), TagProblem::kKeyEmpty);
  EXPECT_EQ(problem(std::string(129, 'k'), "x"), TagProblem::kKeyTooLong);
  EXPECT_EQ(problem(std::string(128, 'k'), std::string(256, 'v')), std::nullopt);
  EXPECT_EQ(problem("k", std::string(257, 'v')), TagProblem::kValueTooLong);
  EXPECT_EQ(problem("AWS:x", "x"), TagProblem::kKeyReserved);
  EXPECT_EQ(problem("k!", "x"), TagProblem::kKeyCharacter);
  EXPECT_EQ(problem("k", "x*"), TagProblem::kValueCharacter);
  Tags many;
  for (std::size_t n = 0; n <= kTagsMax; ++n) many["k" + std::to_string(n)] = "v";
  EXPECT_EQ(check_tags(many)->problem, TagProblem::kTooMany);
}

TEST(UniqueId, LooksLikeIamsAndDiffers) {
  SeededRandom random(1);
  const std::string one = unique_id(random, "AROA", 21);
  EXPECT_EQ(one.size(), 21U);
  EXPECT_TRUE(one.starts_with("AROA"));
  EXPECT_EQ(one.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), std::string::npos);
  EXPECT_NE(one, unique_id(random, "AROA", 21));
}

TEST(PageToken, HoldsForItsListOnly) {
  const std::string token = aws::write_page_token("sqs.ListQueues a", "position");
  EXPECT_EQ(aws::read_page_token("sqs.ListQueues a", token), "position");
  for (const std::string& other : {std::string(), token + "A", token.substr(1), std::string("!"),
                                   std::string(aws::kPageTokenBytesMax + 1, 'A')}) {
    EXPECT_FALSE(aws::read_page_token("sqs.ListQueues a", other)) << other;
  }
  EXPECT_FALSE(aws::read_page_token("sqs.ListQueues b", token));
}

}  // namespace
}  // namespace lapwing::resources
