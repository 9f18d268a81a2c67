#include "images/testing/tar_builder.hpp"

#include <cstdlib>
#include <cstring>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "crypto/sha256.hpp"
#include "os/file.hpp"

namespace lapwing::images::testing {

TarBuilder& TarBuilder::entry(char kind, std::string_view path, std::string_view link,
                              unsigned mode, std::uint64_t size, std::string_view content) {
  std::string block(512, '\0');
  const auto put = [&block](std::size_t at, std::string_view text) {
    block.replace(at, text.size(), text);
  };
  put(0, path.substr(0, 100));
  put(100, fmt::format("{:07o}", mode));
  put(108, "0000000");
  put(116, "0000000");
  put(124, fmt::format("{:011o}", size));
  put(136, fmt::format("{:011o}", 1'700'000'000));
  block[156] = kind;
  put(157, link.substr(0, 100));
  put(257, std::string_view("ustar\0"
                            "00",
                            8));
  put(148, "        ");
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum));
  block[154] = '\0';
  bytes_ += block;
  bytes_ += content;
  bytes_.append((512 - content.size() % 512) % 512, '\0');
  return *this;
}

TarBuilder& TarBuilder::file(std::string_view path, std::string_view content, unsigned mode) {
  return entry('0', path, "", mode, content.size(), content);
}
TarBuilder& TarBuilder::directory(std::string_view path, unsigned mode) {
  return entry('5', path, "", mode, 0, "");
}
TarBuilder& TarBuilder::symlink(std::string_view path, std::string_view target) {
  return entry('2', path, target, 0777, 0, "");
}
TarBuilder& TarBuilder::hard_link(std::string_view path, std::string_view target) {
  return entry('1', path, target, 0644, 0, "");
}

TarBuilder& TarBuilder::pax(std::string_view keyword, std::string_view value) {
  const std::string rest = fmt::format(" {}={}\n", keyword, value);
  std::size_t length = rest.size();
  while (std::to_string(length).size() + rest.size() != length) ++length;
  const std::string record = std::to_string(length) + rest;
  return entry('x', "pax", "", 0644, record.size(), record);
}

std::string TarBuilder::bytes() const { return bytes_ + std::string(1024, '\0'); }

namespace {

std::string blob(const std::string& directory, std::string_view content) {
  const std::string hex = crypto::sha256_hex(content);
  EXPECT_TRUE(os::make_directories(directory + "/blobs/sha256"));
  EXPECT_TRUE(os::write_atomically(directory + "/blobs/sha256/" + hex, content));
  return hex;
}

std::string descriptor(std::string_view type, const std::string& hex, std::size_t size) {
  return fmt::format(R"("mediaType":"{}","digest":"sha256:{}","size":{})", type, hex, size);
}

}  // namespace

std::string write_layout(const std::string& directory, const LayoutSpec& spec) {
  EXPECT_TRUE(os::make_directories(directory));
  EXPECT_TRUE(os::write_atomically(directory + "/oci-layout", R"({"imageLayoutVersion":"1.0.0"})"));
  std::string ids;
  for (const std::string& plain : spec.plain_layers.empty() ? spec.layers : spec.plain_layers) {
    ids += fmt::format(R"({}"sha256:{}")", ids.empty() ? "" : ",", crypto::sha256_hex(plain));
  }
  const std::string config = fmt::format(R"({{"architecture":"amd64","os":"linux","config":{},)"
                                         R"("rootfs":{{"type":"layers","diff_ids":[{}]}}}})",
                                         spec.config, ids);
  std::string layers;
  for (const std::string& layer : spec.layers) {
    layers += fmt::format(
        "{}{{{}}}", layers.empty() ? "" : ",",
        descriptor("application/vnd.oci.image.layer.v1.tar", blob(directory, layer), layer.size()));
  }
  const std::string manifest =
      fmt::format(R"({{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
                  R"("config":{{{}}},"layers":[{}]}})",
                  descriptor("application/vnd.oci.image.config.v1+json", blob(directory, config),
                             config.size()),
                  layers);
  const std::string hex = blob(directory, manifest);
  std::string entries;
  if (const auto known = os::read_file(directory + "/index.json")) {
    const std::size_t from = known->find('[') + 1;
    entries = known->substr(from, known->rfind(']') - from) + ",";
  }
  const std::string tag =
      spec.tag.empty()
          ? ""
          : fmt::format(R"(,"annotations":{{"org.opencontainers.image.ref.name":"{}"}})", spec.tag);
  entries += fmt::format(
      "{{{}{}}}", descriptor("application/vnd.oci.image.manifest.v1+json", hex, manifest.size()),
      tag);
  EXPECT_TRUE(
      os::write_atomically(directory + "/index.json",
                           fmt::format(R"({{"schemaVersion":2,"manifests":[{}]}})", entries)));
  return hex;
}

ScratchDirectory::ScratchDirectory() {
  char path[] = "/tmp/lapwing-images-XXXXXX";
  EXPECT_NE(mkdtemp(path), nullptr);
  path_ = path;
}

ScratchDirectory::~ScratchDirectory() { EXPECT_TRUE(os::remove_tree(path_)); }

}  // namespace lapwing::images::testing
