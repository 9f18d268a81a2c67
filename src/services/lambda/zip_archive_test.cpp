#include "services/lambda/zip_archive.hpp"

#include <gtest/gtest.h>

#include "services/lambda/limits.hpp"
#include "services/lambda/testing/zip_builder.hpp"

namespace lapwing::lambda {
namespace {

using testing::build_zip;
using testing::ZipInput;

// Our reason for refusing `zip`, "" when it is accepted.
std::string refusal(const std::string& zip) {
  const auto archive = ZipArchive::open(zip);
  if (archive) {
    for (const ZipEntry& entry : archive->entries()) {
      const auto done = archive->extract(entry, [](std::string_view) -> Status { return {}; });
      if (!done) return done.error().detail();
    }
    return "";
  }
  return archive.error().detail().empty() ? archive.error().message() : archive.error().detail();
}

std::string content(const ZipArchive& archive, const ZipEntry& entry) {
  std::string out;
  EXPECT_TRUE(archive.extract(entry, [&](std::string_view piece) -> Status {
    out += piece;
    return {};
  }));
  return out;
}

TEST(ZipArchive, ReadsWhatPythonMade) {
  const std::string zip = testing::python_made_zip();
  const auto archive = ZipArchive::open(zip);
  ASSERT_TRUE(archive) << archive.error().to_log();
  const auto& entries = archive->entries();
  ASSERT_EQ(entries.size(), 5u);
  EXPECT_EQ(entries[0].path, "lambda_function.py");
  EXPECT_EQ(entries[0].mode, 0644u);
  EXPECT_EQ(entries[1].kind, ZipEntry::Kind::kDirectory);
  EXPECT_EQ(entries[1].path, "bin");
  EXPECT_EQ(entries[2].mode, 0755u) << "set-uid is dropped";
  EXPECT_EQ(entries[3].kind, ZipEntry::Kind::kLink);
  EXPECT_EQ(entries[3].target, "tool");
  EXPECT_EQ(entries[4].mode, 0600u);
  EXPECT_EQ(content(*archive, entries[4]), std::string(5000, 'x'));
}

TEST(ZipArchive, AcceptsOddButHonestArchives) {
  EXPECT_EQ(refusal(build_zip({{.name = "./a//b.py", .content = "x"}})), "");
  EXPECT_EQ(refusal(build_zip({{.name = "a.py", .content = "x", .deflate = true}})), "");
  EXPECT_EQ(refusal(build_zip({{.name = "a.py", .content = "x"}}, "a comment PK\5\6")), "");
  EXPECT_EQ(refusal("#!/bin/sh\nexit\n" + build_zip({{.name = "a.py", .content = "x"}})), "");
  EXPECT_EQ(refusal(build_zip({{.name = "a/", .mode = 040755}, {.name = "a/", .mode = 040755}})),
            "");
  EXPECT_EQ(
      refusal(build_zip({{.name = "big", .content = std::string(200'000, 'q'), .deflate = true}})),
      "");
}

TEST(ZipArchive, ModesWhenNoneAreRecorded) {
  const std::string zip = build_zip({{.name = "a.py", .mode = 0}, {.name = "d/", .mode = 0}});
  const auto archive = ZipArchive::open(zip);
  ASSERT_TRUE(archive);
  EXPECT_EQ(archive->entries()[0].mode, 0644u);
  EXPECT_EQ(archive->entries()[1].mode, 0755u);
}

struct Refused {
  const char* why;
  std::vector<ZipInput> inputs;
};

TEST(ZipArchive, RefusesHostileEntries) {
  const auto link = [](std::string name, std::string to) {
    return ZipInput{.name = std::move(name), .content = std::move(to), .mode = 0120777};
  };
  const std::string deep = [] {
    std::string path;
    for (std::size_t i = 0; i <= kMaxEntryDepth; ++i) path += "d/";
    return path + "f";
  }();
  const std::vector<Refused> cases = {
      {"an absolute path", {{.name = "/etc/passwd"}}},
      {"an absolute path", {{.name = "C:\\x"}}},
      {"an absolute path", {{.name = "\\x"}}},
      {"'..' in a path", {{.name = "../x"}}},
      {"'..' in a path", {{.name = "a/../../x"}}},
      {"'..' in a path", {{.name = "..\\x"}}},
      {"NUL in a path", {{.name = std::string("a\0b", 3)}}},
      {"an entry without a name", {{.name = ""}}},
      {"a name too long", {{.name = std::string(256, 'n')}}},
      {"a path too long", {{.name = std::string(kMaxEntryPathBytes + 1, 'n')}}},
      {"nested too deep", {{.name = deep}}},
      {"the same name twice", {{.name = "a"}, {.name = "./a"}}},
      {"the same name twice", {{.name = "a"}, {.name = "a/", .mode = 040755}}},
      {"an entry below a file", {{.name = "a"}, {.name = "a/b"}}},
      {"an entry below a file", {link("a", "b"), {.name = "a/b"}}},
      {"the same name twice", {{.name = "a/b"}, link("a", "b")}},
      {"a device, pipe or socket", {{.name = "a", .mode = 0020666}}},
      {"a device, pipe or socket", {{.name = "a", .mode = 0010666}}},
      {"a directory with content", {{.name = "a/", .content = "x", .mode = 040755}}},
      {"a link that leaves the package", {link("a", "/etc/passwd")}},
      {"a link that leaves the package", {link("a", "../x")}},
      {"a link that leaves the package", {link("d/a", "../../x")}},
      {"a link that leaves the package", {link("d/a", "b/../x")}},
      {"a link that leaves the package", {link("a", "/var/task/../x")}},
      {"a link without a target", {link("a", "")}},
      {"a link's target too long", {link("a", std::string(kMaxLinkTargetBytes + 1, 'l'))}},
      {"encrypted entries", {{.name = "a", .flags = 1}}},
      {"encrypted entries", {{.name = "a", .flags = 0x2000}}},
      {"a compression method beyond deflate", {{.name = "a", .method = 12}}},
      {"a stored entry with two sizes", {{.name = "a", .content = "xy", .claimed_size = 1}}},
      {"more is declared than the data can hold",
       {{.name = "a", .content = "x", .deflate = true, .claimed_size = 1'000'000}}},
      {"an entry holds more than it declares",
       {{.name = "a", .content = "xyz", .deflate = true, .claimed_size = 2}}},
      {"an entry holds less than it declares",
       {{.name = "a", .content = "xyz", .deflate = true, .claimed_size = 9}}},
      {"an entry's checksum is wrong", {{.name = "a", .content = "x", .claimed_crc = 7}}},
      {"local header: another name", {{.name = "a", .local_name = "b"}}},
      {"an entry's data lie outside the file",
       {{.name = "a", .claimed_size = 5000, .claimed_compressed = 5000}}},
      {"entries overlap",
       {{.name = "a", .content = "x"}, {.name = "a", .content = "x", .claimed_offset = 0}}},
      {"no local header where one is named", {{.name = "a", .claimed_offset = 1}}},
      {"an empty archive", {}},
  };
  for (const Refused& refused : cases) {
    EXPECT_EQ(refusal(build_zip(refused.inputs)), refused.why);
  }
}

TEST(ZipArchive, LinksInsideAreKept) {
  for (const auto& [name, to] : std::vector<std::pair<std::string, std::string>>{
           {"a", "b"}, {"d/a", "../b"}, {"d/a", ".././b/c"}, {"a", "/var/task/b"}}) {
    EXPECT_EQ(refusal(build_zip({{.name = name, .content = to, .mode = 0120777}})), "") << to;
  }
}

TEST(ZipArchive, RefusesWhatIsNoZip) {
  EXPECT_EQ(refusal(""), "no end of central directory");
  EXPECT_EQ(refusal("not a zip at all, but long enough to be one"), "no end of central directory");
  EXPECT_EQ(refusal(testing::hello_zip() + "x"), "no end of central directory");
}

// Every prefix and every single damaged byte: refused or read, never a crash or an overrun
// (the sanitizer build sees).
TEST(ZipArchive, SurvivesTruncationAndDamage) {
  const std::string whole = testing::python_made_zip();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(refusal(whole.substr(0, size)), "") << size;
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int bit : {0, 3, 7}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      static_cast<void>(refusal(damaged));
    }
  }
}

TEST(ZipArchive, TotalUnpackedSizeIsLimited) {
  // 300 entries that each claim 1 MiB in a few KiB: refused by the sum, before unpacking.
  std::vector<ZipInput> inputs;
  for (int i = 0; i < 300; ++i) {
    inputs.push_back({.name = "f" + std::to_string(i),
                      .content = std::string(2000, 'z'),
                      .deflate = true,
                      .claimed_size = 1 << 20});
  }
  EXPECT_EQ(refusal(build_zip(inputs)), "Unzipped size must be smaller than 262144000 bytes");
}

TEST(ZipArchive, ZippedSizeIsLimited) {
  const std::string huge(kMaxZippedBytes + 1, 'z');
  const auto archive = ZipArchive::open(huge);
  ASSERT_FALSE(archive);
  EXPECT_EQ(archive.error().code(), "RequestEntityTooLargeException");
  EXPECT_EQ(archive.error().http_status(), 413);
}

}  // namespace
}  // namespace lapwing::lambda
