// A checkpoint: the memory of one single-threaded process, written by itself (checkpoint.cpp) and
// read back by another (restore.cpp), both inside sandboxes and behind their walls. Nobody
// outside looks into it: to the server it is bytes, of bounded number.
//
//   head | mappings | pieces | text (paths) | padding to a page | pages
//
// Plain structures: the writer is a library in somebody else's interpreter, the reader a program
// without any library. Both are of one build and one processor architecture.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>

namespace lapwing::sandbox {

// In the process to be checkpointed: a socket for one CheckpointReport, and where the image goes.
inline constexpr int kCheckpointControlFd = 5;
inline constexpr int kCheckpointImageFd = 6;
// In the restored process: the image, open for reading; closed when the process goes on.
inline constexpr int kRestoreImageFd = 6;
// Tells the library that it is wanted; removed at once.
inline constexpr char kCheckpointVariable[] = "_LAPWING_CHECKPOINT";
// In the environment from when the next fork() is the one that takes the checkpoint.
inline constexpr char kCheckpointNowVariable[] = "_LAPWING_CHECKPOINT_NOW";
// How restore ends when the image cannot be read back: nothing of it has run.
inline constexpr int kRestoreFailedStatus = 113;

inline constexpr std::uint64_t kImageMagic = 0x706e736777706cULL;
inline constexpr std::uint32_t kImageVersion = 1;
inline constexpr std::uint64_t kPage = 4096;
inline constexpr std::uint32_t kMappingsMax = 16'384;
inline constexpr std::uint32_t kPiecesMax = 32'768;
inline constexpr std::uint32_t kTextMax = 1 << 20;
// Where the reader lives: between where programs and where libraries are put, so that nothing of
// a checkpointed process is ever there.
inline constexpr std::uint64_t kReaderBase = 0x10'0000'0000;
inline constexpr std::uint64_t kTablesBase = 0x11'0000'0000;
inline constexpr std::uint64_t kParkingBase = 0x12'0000'0000;
inline constexpr std::uint64_t kReaderEnd = 0x13'0000'0000;
inline constexpr std::uint64_t kMainStackBytes = 8 << 20;

enum class CheckpointReportKind : std::uint32_t { kTaken = 1, kRefused = 2 };

struct CheckpointReport {
  CheckpointReportKind kind = CheckpointReportKind::kTaken;
  std::int32_t error = 0;  // errno, or 0
  char text[120] = {};     // kRefused: why, for the function's log
};

// What the compiler keeps across a call, and where to go on. The order is that of save.S below
// in checkpoint.cpp and of the jump in restore.cpp.
struct Context {
  std::uint64_t rbx, rbp, r12, r13, r14, r15;
  std::uint64_t rsp, rip;
  std::uint32_t mxcsr;
  std::uint32_t fpu_control;
};

inline constexpr std::uint32_t kShared = 1;      // not private
inline constexpr std::uint32_t kFromFile = 2;    // `text` is its path
inline constexpr std::uint32_t kWipeOnFork = 4;  // as MADV_WIPEONFORK
inline constexpr std::uint32_t kWhole = 8;       // of a file that is not kept: all of it is here

struct Mapping {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t offset = 0;  // in the file
  std::uint64_t inode = 0;   // of the file, to see that it is the same
  std::uint32_t protection = 0;
  std::uint32_t flags = 0;
  std::uint32_t text = 0;
  std::uint32_t first_piece = 0;
  std::uint32_t pieces = 0;
  std::uint32_t spare = 0;
};

// Pages that differ from what the mapping has by itself.
struct Piece {
  std::uint64_t begin = 0;
  std::uint64_t bytes = 0;
  std::uint64_t offset = 0;  // in the image
};

// The kernel's own pages ([vvar], [vdso]) lie where they lay: the C library remembers them.
inline constexpr int kKernelPagesMax = 8;
struct KernelPages {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

// As struct prctl_mm_map, which the kernel's header hides from programs without its types.
struct MemoryLayout {
  std::uint64_t start_code, end_code, start_data, end_data, start_brk, brk, start_stack;
  std::uint64_t arg_start, arg_end, env_start, env_end;
  std::uint64_t auxv = 0;
  std::uint32_t auxv_bytes = 0;
  std::uint32_t exe_fd = ~0u;
};

struct ImageHead {
  std::uint64_t magic = kImageMagic;
  std::uint32_t version = kImageVersion;
  std::uint32_t mappings = 0;
  std::uint32_t pieces = 0;
  std::uint32_t text_bytes = 0;
  std::uint64_t data = 0;   // where the pages begin
  std::uint64_t bytes = 0;  // of the whole image
  std::uint64_t context = 0;
  std::uint64_t fs_base = 0;
  std::int32_t pid = 0;  // the restored process must have another: libraries tell by it
  std::int32_t kernel_pages_count = 0;
  KernelPages kernel_pages[kKernelPagesMax];
  MemoryLayout layout{};
};

}  // namespace lapwing::sandbox
