// The reader of checkpoints (image.hpp): a program without any library that becomes the process
// that wrote one. It runs in its sandbox as any program does; what it maps is what that function
// left behind, and can do no more than the function could.
//
// Nothing here may use the stack it was started on, the C library or a global constructor: all
// memory but its own is given up on the way.
#include <asm/prctl.h>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <linux/prctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "sandbox/checkpoint/image.hpp"

namespace lapwing::sandbox {
namespace {

constexpr std::uint64_t kTaskEnd = 0x7fff'ffff'f000;
constexpr int kMapsBytes = 64 * 1024;

// The kernel's calling convention; errors are small negative numbers.
long call(long number, std::uint64_t a = 0, std::uint64_t b = 0, std::uint64_t c = 0,
          std::uint64_t d = 0, std::uint64_t e = 0, std::uint64_t f = 0) {
  long result = 0;
  register std::uint64_t r10 asm("r10") = d;
  register std::uint64_t r8 asm("r8") = e;
  register std::uint64_t r9 asm("r9") = f;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

std::uint64_t address(const void* pointer) { return reinterpret_cast<std::uint64_t>(pointer); }

[[noreturn]] void give_up(const char* why) {
  int length = 0;
  while (why[length] != '\0') ++length;
  call(SYS_write, 2, address("restore: "), 9);
  call(SYS_write, 2, address(why), static_cast<std::uint64_t>(length));
  call(SYS_write, 2, address("\n"), 1);
  call(SYS_exit_group, kRestoreFailedStatus);
  __builtin_unreachable();
}

void check(long result, const char* what) {
  if (result < 0 && result > -4096) give_up(what);
}

char maps_text[kMapsBytes];
KernelPages own_pages[kKernelPagesMax];

bool is_kernel_page(const char* line, const char* end) {
  for (const char* at = line; at + 4 < end; ++at) {
    if (at[0] == '[' && at[1] == 'v' && (at[2] == 'v' || at[2] == 'd')) return true;
  }
  return false;
}

std::uint64_t hexadecimal(const char*& at) {
  std::uint64_t value = 0;
  for (;; ++at) {
    if (*at >= '0' && *at <= '9') {
      value = value * 16 + static_cast<std::uint64_t>(*at - '0');
    } else if (*at >= 'a' && *at <= 'f') {
      value = value * 16 + static_cast<std::uint64_t>(*at - 'a' + 10);
    } else {
      return value;
    }
  }
}

int find_kernel_pages() {
  const long file = call(SYS_open, address("/proc/self/maps"), O_RDONLY | O_CLOEXEC);
  check(file, "/proc/self/maps");
  int length = 0;
  for (;;) {
    const long got = call(SYS_read, static_cast<std::uint64_t>(file), address(maps_text + length),
                          static_cast<std::uint64_t>(kMapsBytes - 1 - length));
    check(got, "/proc/self/maps");
    if (got == 0) break;
    length += static_cast<int>(got);
  }
  call(SYS_close, static_cast<std::uint64_t>(file));
  int count = 0;
  for (const char* line = maps_text; line < maps_text + length;) {
    const char* end = line;
    while (end < maps_text + length && *end != '\n') ++end;
    if (is_kernel_page(line, end)) {
      if (count == kKernelPagesMax) give_up("the kernel's pages");
      const char* at = line;
      own_pages[count].begin = hexadecimal(at);
      ++at;  // the dash
      own_pages[count].end = hexadecimal(at);
      ++count;
    }
    line = end + 1;
  }
  return count;
}

void move_pages(std::uint64_t from, std::uint64_t bytes, std::uint64_t to) {
  check(call(SYS_mremap, from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to),
        "move the kernel's pages");
}

// By way of a parking place: old and new places may overlap.
void place_kernel_pages(const ImageHead& head) {
  const int count = find_kernel_pages();
  if (count != head.kernel_pages_count) give_up("another kernel");
  for (int i = 0; i < count; ++i) {
    const std::uint64_t bytes = own_pages[i].end - own_pages[i].begin;
    const KernelPages& wanted = head.kernel_pages[i];
    if (bytes != wanted.end - wanted.begin ||
        own_pages[i].begin - own_pages[0].begin != wanted.begin - head.kernel_pages[0].begin) {
      give_up("another kernel");
    }
  }
  for (int i = 0; i < count; ++i) {
    const std::uint64_t parked = kParkingBase + own_pages[i].begin - own_pages[0].begin;
    move_pages(own_pages[i].begin, own_pages[i].end - own_pages[i].begin, parked);
  }
  check(call(SYS_munmap, kPage, kReaderBase - kPage), "leave the old memory");
  check(call(SYS_munmap, kReaderEnd, kTaskEnd - kReaderEnd), "leave the old memory");
  for (int i = 0; i < count; ++i) {
    const std::uint64_t parked = kParkingBase + own_pages[i].begin - own_pages[0].begin;
    move_pages(parked, own_pages[i].end - own_pages[i].begin, head.kernel_pages[i].begin);
  }
}

// The file last opened stays open: a library's parts follow one another.
std::uint32_t open_text = ~0u;
long open_file = -1;

long file_of(const Mapping& mapping, const char* text) {
  if (mapping.text == open_text) return open_file;
  if (open_file >= 0) call(SYS_close, static_cast<std::uint64_t>(open_file));
  const int mode =
      (mapping.flags & kShared) != 0 && (mapping.protection & PROT_WRITE) != 0 ? O_RDWR : O_RDONLY;
  open_file =
      call(SYS_open, address(text + mapping.text), static_cast<std::uint64_t>(mode | O_CLOEXEC));
  check(open_file, text + mapping.text);
  open_text = mapping.text;
  struct stat info;
  check(call(SYS_fstat, static_cast<std::uint64_t>(open_file), address(&info)), "stat");
  if (info.st_ino != mapping.inode) give_up(text + mapping.text);
  return open_file;
}

void map_base(const Mapping& mapping, const char* text) {
  const bool shared = (mapping.flags & kShared) != 0;
  std::uint64_t flags = MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE);
  std::uint64_t protection = mapping.protection;
  long file = -1;
  if ((mapping.flags & kFromFile) != 0) {
    file = file_of(mapping, text);
  } else {
    flags |= MAP_ANONYMOUS | MAP_NORESERVE;
    if (shared) protection |= PROT_WRITE;  // until it is filled
  }
  check(call(SYS_mmap, mapping.begin, mapping.end - mapping.begin, protection, flags,
             static_cast<std::uint64_t>(file), mapping.offset),
        "map memory");
  if ((mapping.flags & kWipeOnFork) != 0) {
    call(SYS_madvise, mapping.begin, mapping.end - mapping.begin, MADV_WIPEONFORK);
  }
}

void read_into(const Piece& piece) {
  for (std::uint64_t done = 0; done < piece.bytes;) {
    const long got = call(SYS_pread64, kRestoreImageFd, piece.begin + done, piece.bytes - done,
                          piece.offset + done);
    check(got, "read shared memory");
    if (got == 0) give_up("the image ends early");
    done += static_cast<std::uint64_t>(got);
  }
}

void map_memory(const Mapping& mapping, const Piece* pieces, const char* text) {
  const Piece* first = pieces + mapping.first_piece;
  const bool whole = mapping.pieces == 1 && (mapping.flags & (kShared | kWipeOnFork)) == 0 &&
                     first->begin == mapping.begin && first->bytes == mapping.end - mapping.begin;
  if (!whole) map_base(mapping, text);
  for (std::uint32_t i = 0; i < mapping.pieces; ++i) {
    if ((mapping.flags & kShared) != 0) {
      read_into(first[i]);
      continue;
    }
    check(call(SYS_mmap, first[i].begin, first[i].bytes, mapping.protection,
               MAP_PRIVATE | MAP_FIXED, kRestoreImageFd, first[i].offset),
          "map the image");
  }
  if ((mapping.flags & kShared) != 0 && (mapping.flags & kFromFile) == 0) {
    call(SYS_mprotect, mapping.begin, mapping.end - mapping.begin, mapping.protection);
  }
}

[[noreturn]] void go_on(const Context* context) {
  asm volatile(
      "ldmxcsr 64(%0)\n\t"
      "fldcw 68(%0)\n\t"
      "mov 0(%0), %%rbx\n\t"
      "mov 8(%0), %%rbp\n\t"
      "mov 16(%0), %%r12\n\t"
      "mov 24(%0), %%r13\n\t"
      "mov 32(%0), %%r14\n\t"
      "mov 40(%0), %%r15\n\t"
      "mov 48(%0), %%rsp\n\t"
      "mov $1, %%eax\n\t"
      "jmp *56(%0)"
      :
      : "D"(context)
      : "memory");
  __builtin_unreachable();
}

ImageHead head;

}  // namespace

[[noreturn]] void restore() {
  const long got = call(SYS_pread64, kRestoreImageFd, address(&head), sizeof head, 0);
  if (got != static_cast<long>(sizeof head) || head.magic != kImageMagic ||
      head.version != kImageVersion || head.mappings > kMappingsMax || head.pieces > kPiecesMax ||
      head.text_bytes > kTextMax) {
    give_up("not a checkpoint of this build");
  }
  if (call(SYS_getpid) == head.pid) give_up("the process number of the checkpoint");
  check(call(SYS_mmap, kTablesBase, head.data, PROT_READ, MAP_PRIVATE | MAP_FIXED, kRestoreImageFd,
             0),
        "map the tables");
  const auto* mappings = reinterpret_cast<const Mapping*>(kTablesBase + sizeof(ImageHead));
  const auto* pieces = reinterpret_cast<const Piece*>(mappings + head.mappings);
  const auto* text = reinterpret_cast<const char*>(pieces + head.pieces);
  place_kernel_pages(head);
  for (std::uint32_t i = 0; i < head.mappings; ++i) map_memory(mappings[i], pieces, text);
  if (open_file >= 0) call(SYS_close, static_cast<std::uint64_t>(open_file));
  // For brk() and /proc; a kernel that refuses leaves both as they are, which malloc survives.
  call(SYS_prctl, PR_SET_MM, PR_SET_MM_MAP, address(&head.layout), sizeof head.layout);
  check(call(SYS_arch_prctl, ARCH_SET_FS, head.fs_base), "thread pointer");
  go_on(reinterpret_cast<const Context*>(head.context));
}

// Its own stack from the first instruction on.
alignas(16) char own_stack[64 * 1024];

}  // namespace lapwing::sandbox

extern "C" [[gnu::used, noreturn]] void lapwing_restore_main() { lapwing::sandbox::restore(); }

asm(".globl _start\n"
    "_start:\n"
    "  xor %ebp, %ebp\n"
    "  lea _ZN7lapwing7sandbox9own_stackE + 65536(%rip), %rsp\n"
    "  call lapwing_restore_main\n"
    "  ud2\n");
