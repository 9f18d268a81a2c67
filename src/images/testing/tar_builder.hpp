// Tar archives and layouts as tests need them, the hostile ones too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lapwing::images::testing {

class TarBuilder {
 public:
  TarBuilder& file(std::string_view path, std::string_view content, unsigned mode = 0644);
  TarBuilder& directory(std::string_view path, unsigned mode = 0755);
  TarBuilder& symlink(std::string_view path, std::string_view target);
  TarBuilder& hard_link(std::string_view path, std::string_view target);
  // Any kind of entry, its size as announced.
  TarBuilder& entry(char kind, std::string_view path, std::string_view link, unsigned mode,
                    std::uint64_t size, std::string_view content);
  // A pax header for the next entry.
  TarBuilder& pax(std::string_view keyword, std::string_view value);
  // With the end of the archive.
  std::string bytes() const;
  // Cut short, as it is.
  const std::string& open_bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

std::string gzip(std::string_view plain);
std::string zstd(std::string_view plain);

// What goes into a layout; `layers` as they are stored.
struct LayoutSpec {
  std::vector<std::string> layers = {};
  std::vector<std::string> plain_layers = {};  // what the diff ids are of; `layers` when empty
  std::string config = R"({"Cmd":["/app"]})";
  std::string tag = {};
};
// Writes the layout, or adds an image to it; the digest (hexadecimal) of its manifest.
std::string write_layout(const std::string& directory, const LayoutSpec& spec);

// A directory that goes with the object.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

}  // namespace lapwing::images::testing
