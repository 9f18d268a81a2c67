#include "services/lambda/native_files.hpp"

#include <algorithm>
#include <utility>

#include "services/lambda/limits.hpp"

namespace lapwing::lambda {
namespace {

// Of the ELF header: its magic bytes, the byte order, e_machine.
constexpr std::string_view kMagic =
    "\x7f"
    "ELF";
constexpr std::size_t kByteOrderAt = 5;
constexpr std::size_t kMachineAt = 18;
constexpr std::size_t kHeadBytes = 20;
constexpr unsigned kX86 = 62;
constexpr unsigned kArm = 183;

std::string head_of(const ZipArchive& archive, const ZipEntry& entry) {
  std::string head;
  // Stopped where there is enough: its error is no error.
  (void)archive.extract(entry, [&](std::string_view piece) -> Status {
    head += piece.substr(0, kHeadBytes - head.size());
    if (head.size() < kHeadBytes) return {};
    return fail(make_error(ErrorKind::kCancelled, "enough"));
  });
  return head;
}

bool is_module(std::string_view path) {
  return path.ends_with(".so") || path.ends_with(".node") ||
         path.find(".so.") != std::string_view::npos;
}

}  // namespace

std::string machine_of(std::string_view head) {
  if (head.size() < kHeadBytes || !head.starts_with(kMagic)) return {};
  const auto byte = [&](std::size_t at) {
    return static_cast<unsigned>(static_cast<unsigned char>(head[at]));
  };
  const bool little = byte(kByteOrderAt) == 1;
  const unsigned machine = little ? byte(kMachineAt) | byte(kMachineAt + 1) << 8
                                  : byte(kMachineAt) << 8 | byte(kMachineAt + 1);
  if (little && machine == kX86) return "x86_64";
  if (little && machine == kArm) return "arm64";
  return "other";
}

NativeFiles native_files(const ZipArchive& archive) {
  NativeFiles out;
  std::size_t looked = 0;
  for (const ZipEntry& entry : archive.entries()) {
    if (entry.kind != ZipEntry::Kind::kFile) continue;
    if (entry.path == "bootstrap") out.bootstrap = machine_of(head_of(archive, entry));
    if (!is_module(entry.path) || looked == kMaxModulesLooked) continue;
    ++looked;
    std::string machine = machine_of(head_of(archive, entry));
    const bool known =
        std::ranges::any_of(out.modules, [&](const auto& each) { return each.second == machine; });
    if (!machine.empty() && !known) out.modules.emplace_back(entry.path, std::move(machine));
  }
  return out;
}

}  // namespace lapwing::lambda
