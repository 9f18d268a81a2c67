#include "images/tar_reader.hpp"

#include <gtest/gtest.h>

#include "images/decompress.hpp"
#include "images/limits.hpp"
#include "images/testing/tar_builder.hpp"

namespace lapwing::images {
namespace {

using testing::TarBuilder;

// One byte at a time, so that nothing relies on whole reads.
class Drip final : public ByteSource {
 public:
  explicit Drip(std::string text) : text_(std::move(text)) {}
  Result<std::size_t> read(char* into, std::size_t size) override {
    const std::size_t got = text_.copy(into, std::min<std::size_t>(size, 1), at_);
    at_ += got;
    return got;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

struct Read {
  std::vector<TarEntry> entries;
  std::vector<std::string> contents;
};

Result<Read> read_all(ByteSource& source) {
  TarReader tar(source);
  Read out;
  while (true) {
    LAPWING_TRY(const std::optional<TarEntry> entry, tar.next());
    if (!entry) return out;
    out.entries.push_back(*entry);
    std::string content;
    char piece[100];
    while (true) {
      LAPWING_TRY(const std::size_t got, tar.read(piece, sizeof piece));
      if (got == 0) break;
      content.append(piece, got);
    }
    out.contents.push_back(std::move(content));
  }
}

Result<Read> read_all(const std::string& bytes) {
  Drip source(bytes);
  return read_all(source);
}

TEST(TarReader, ReadsEntriesAndContents) {
  const auto read = read_all(TarBuilder()
                                 .directory("d/", 0750)
                                 .file("d/f", std::string(1000, 'x'), 0640)
                                 .symlink("l", "d/f")
                                 .hard_link("h", "d/f")
                                 .bytes());
  ASSERT_TRUE(read) << read.error().to_log();
  ASSERT_EQ(read->entries.size(), 4u);
  EXPECT_EQ(read->entries[0].kind, TarKind::kDirectory);
  EXPECT_EQ(read->entries[1].mode, 0640u);
  EXPECT_EQ(read->contents[1], std::string(1000, 'x'));
  EXPECT_EQ(read->entries[2].link, "d/f");
  EXPECT_EQ(read->entries[3].kind, TarKind::kHardLink);
}

TEST(TarReader, LongNamesOfPaxAndGnu) {
  const std::string name(300, 'n');
  auto read = read_all(TarBuilder().pax("path", name).pax("mtime", "12.5").file("x", "1").bytes());
  ASSERT_TRUE(read) << read.error().to_log();
  EXPECT_EQ(read->entries[0].path, name);
  EXPECT_EQ(read->entries[0].modified_s, 12);
  read = read_all(
      TarBuilder().entry('L', "././@LongLink", "", 0, 301, name + '\0').file("x", "1").bytes());
  ASSERT_TRUE(read) << read.error().to_log();
  EXPECT_EQ(read->entries[0].path, name);
  EXPECT_EQ(read->contents[0], "1");
}

TEST(TarReader, HostileArchivesAreErrors) {
  const std::string good = TarBuilder().file("f", "content").bytes();
  std::string wrong_sum = good;
  wrong_sum[0] = 'g';
  const std::string kinds[] = {
      wrong_sum,
      good.substr(0, 300),                                 // ends in a header
      good.substr(0, 515),                                 // ends in a file
      TarBuilder().entry('S', "f", "", 0, 0, "").bytes(),  // sparse
      TarBuilder().entry('M', "f", "", 0, 0, "").bytes(),  // of another volume
      TarBuilder().pax("GNU.sparse.size", "9").file("f", "").bytes(),
      TarBuilder().pax("size", "99999999999999999999").file("f", "").bytes(),
      TarBuilder().pax("size", std::to_string(kUnpackedBytesMax + 1)).file("f", "").bytes(),
      TarBuilder().entry('x', "p", "", 0, 5, "9 a=b").file("f", "").bytes(),
      TarBuilder().entry('x', "p", "", 0, kPaxBytesMax + 1, "").bytes(),
      TarBuilder().entry('L', "p", "", 0, kPaxBytesMax + 1, "").bytes()};
  for (const std::string& bytes : kinds) {
    const auto read = read_all(bytes);
    EXPECT_FALSE(read) << bytes.substr(0, 100);
  }
}

TEST(TarReader, EndsWithoutItsZeros) {
  const auto read = read_all(TarBuilder().file("f", "x").open_bytes());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->entries.size(), 1u);
}

TEST(Decompress, TellsFormatsByTheirFirstBytes) {
  const std::string plain = TarBuilder().file("f", std::string(300'000, 'z')).bytes();
  for (const std::string& bytes :
       {plain, testing::gzip(plain), testing::zstd(plain),
        testing::gzip(plain.substr(0, 5000)) + testing::gzip(plain.substr(5000))}) {
    Drip source(bytes);
    const auto open = decompress(source);
    ASSERT_TRUE(open);
    const auto read = read_all(**open);
    ASSERT_TRUE(read) << read.error().to_log();
    EXPECT_EQ(read->contents[0].size(), 300'000u);
  }
}

TEST(Decompress, DamageIsAnError) {
  const std::string plain = TarBuilder().file("f", std::string(300'000, 'z')).bytes();
  for (const std::string& packed : {testing::gzip(plain), testing::zstd(plain)}) {
    std::string damaged = packed;
    damaged[damaged.size() / 2] = static_cast<char>(~damaged[damaged.size() / 2]);
    damaged[5] = static_cast<char>(0xff);
    for (const std::string& bytes : {packed.substr(0, packed.size() - 10), damaged}) {
      Drip source(bytes);
      const auto open = decompress(source);
      ASSERT_TRUE(open);
      HashingSource hashing(**open);
      const Status all = hashing.drain(1 << 30);
      // Either it does not decompress, or not to the same.
      if (all) EXPECT_NE(hashing.digest(), Digest::of(plain));
      if (bytes.size() < packed.size()) EXPECT_FALSE(all);
    }
  }
}

TEST(Decompress, NothingIsNothing) {
  Drip source("");
  const auto open = decompress(source);
  ASSERT_TRUE(open);
  char byte = 0;
  EXPECT_EQ(*(*open)->read(&byte, 1), 0u);
}

}  // namespace
}  // namespace lapwing::images
