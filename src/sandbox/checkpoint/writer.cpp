#include "sandbox/checkpoint/writer.hpp"

#include <asm/prctl.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lapwing::sandbox {
namespace {

constexpr std::uint64_t kMergePages = 8;  // a gap that is cheaper to write than to map around

struct Tables {
  ImageHead head;
  Mapping mappings[kMappingsMax];
  Piece pieces[kPiecesMax];
  char text[kTextMax];
  char buffer[256 * 1024];
  std::uint64_t page_bits[32 * 1024];
};

// The library is all there is to hold it.
Tables* tables = nullptr;
int failed_errno = 0;

void append(char* text, std::size_t room, const char* more) {
  std::size_t at = std::strlen(text);
  while (*more != '\0' && at + 1 < room) text[at++] = *more++;
  text[at] = '\0';
}

}  // namespace

void send(const CheckpointReport& report) {
  while (::send(kCheckpointControlFd, &report, sizeof report, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

void refuse(const char* why, const char* what) {
  CheckpointReport report;
  report.kind = CheckpointReportKind::kRefused;
  report.error = failed_errno;
  append(report.text, sizeof report.text, why);
  append(report.text, sizeof report.text, what);
  send(report);
  ::_exit(1);
}

void refuse_errno(const char* why) {
  failed_errno = errno;
  refuse(why);
}

std::uint64_t fs_base() {
  std::uint64_t base = 0;
  ::syscall(SYS_arch_prctl, ARCH_GET_FS, &base);
  return base;
}

void make_tables() {
  void* made = ::mmap(reinterpret_cast<void*>(kTablesBase), sizeof(Tables), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  if (made == MAP_FAILED) refuse_errno("memory for the tables");
  tables = static_cast<Tables*>(made);
  tables->head = ImageHead();
}

Lines::Lines(const char* path) : fd_(::open(path, O_RDONLY | O_CLOEXEC)) {
  if (fd_ < 0) refuse_errno(path);
}

Lines::~Lines() { ::close(fd_); }

char* Lines::next() {
  for (;;) {
    char* const from = tables->buffer + begin_;
    if (auto* end = static_cast<char*>(std::memchr(from, '\n', end_ - begin_))) {
      *end = '\0';
      begin_ = static_cast<std::size_t>(end + 1 - tables->buffer);
      return from;
    }
    std::memmove(tables->buffer, from, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    if (end_ == sizeof tables->buffer) refuse("a line of /proc is too long");
    const ssize_t got = ::read(fd_, tables->buffer + end_, sizeof tables->buffer - end_);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return nullptr;
    end_ += static_cast<std::size_t>(got);
  }
}

std::uint64_t number(char*& at, int base) {
  char* end = nullptr;
  const std::uint64_t value = std::strtoull(at, &end, base);
  at = end;
  return value;
}

bool starts_with(const char* text, const char* with) {
  return std::strncmp(text, with, std::strlen(with)) == 0;
}

namespace {

bool ends_with(const char* text, const char* with) {
  const std::size_t length = std::strlen(text);
  const std::size_t end = std::strlen(with);
  return length >= end && std::strcmp(text + length - end, with) == 0;
}

// ---- the map of the memory.

std::uint32_t keep_text(const char* text) {
  const std::size_t bytes = std::strlen(text) + 1;
  ImageHead& head = tables->head;
  if (head.mappings > 0) {
    // The parts of one library follow one another.
    const Mapping& last = tables->mappings[head.mappings - 1];
    if ((last.flags & kFromFile) != 0 && std::strcmp(tables->text + last.text, text) == 0) {
      return last.text;
    }
  }
  if (head.text_bytes + bytes > kTextMax) refuse("too many mapped files");
  std::memcpy(tables->text + head.text_bytes, text, bytes);
  head.text_bytes += static_cast<std::uint32_t>(bytes);
  return static_cast<std::uint32_t>(head.text_bytes - bytes);
}

// Files that are the same in every sandbox of the function. /tmp is not: what is mapped from
// there is kept with the memory.
bool is_common_file(const char* path) {
  return path[0] == '/' && !ends_with(path, " (deleted)") && !starts_with(path, "/tmp/") &&
         !starts_with(path, "/dev/") && !starts_with(path, "/memfd:") &&
         !starts_with(path, "/proc/");
}

void note_kernel_page(std::uint64_t begin, std::uint64_t end) {
  ImageHead& head = tables->head;
  if (head.kernel_pages_count == kKernelPagesMax) refuse("the kernel's pages");
  head.kernel_pages[head.kernel_pages_count++] = {begin, end};
}

void note_mapping(char* line) {
  Mapping mapping;
  mapping.begin = number(line, 16);
  ++line;  // the dash
  mapping.end = number(line, 16);
  ++line;
  const char* rights = line;
  mapping.protection = (rights[0] == 'r' ? std::uint32_t{PROT_READ} : 0u) |
                       (rights[1] == 'w' ? std::uint32_t{PROT_WRITE} : 0u) |
                       (rights[2] == 'x' ? std::uint32_t{PROT_EXEC} : 0u);
  if (rights[3] == 's') mapping.flags |= kShared;
  line += 4;
  mapping.offset = number(line, 16);
  while (*line == ' ') ++line;
  while (*line != ' ' && *line != '\0') ++line;  // the device
  mapping.inode = number(line, 10);
  while (*line == ' ') ++line;
  if (starts_with(line, "[vsyscall")) return;
  if (starts_with(line, "[vvar") || starts_with(line, "[vdso")) {
    note_kernel_page(mapping.begin, mapping.end);
    return;
  }
  if (mapping.begin >= kReaderBase && mapping.begin < kReaderEnd) {
    if (mapping.begin >= kTablesBase && mapping.end <= kTablesBase + sizeof(Tables) + kPage) return;
    refuse("memory where the reader of checkpoints lives");
  }
  if (is_common_file(line)) {
    mapping.flags |= kFromFile;
    mapping.text = keep_text(line);
  } else if ((mapping.flags & kShared) != 0 && starts_with(line, "/tmp/") &&
             !ends_with(line, " (deleted)")) {
    refuse("a file shared through memory: ", line);
  } else if (line[0] == '/') {
    mapping.flags |= kWhole;
  } else if (starts_with(line, "anon_inode:")) {
    refuse("memory shared with the kernel: ", line);
  }
  if (starts_with(line, "[stack]")) {
    // As it may grow: the kernel would not let it grow where it is put.
    const std::uint64_t lowest = mapping.end - kMainStackBytes;
    ImageHead& head = tables->head;
    const std::uint64_t before = head.mappings > 0 ? tables->mappings[head.mappings - 1].end : 0;
    if (lowest > before) mapping.begin = lowest;
  }
  if (tables->head.mappings == kMappingsMax) refuse("too many mappings");
  tables->mappings[tables->head.mappings++] = mapping;
}

void note_flags(const char* flags) {
  if (tables->head.mappings == 0) return;
  if (std::strstr(flags, " wf") != nullptr) {
    tables->mappings[tables->head.mappings - 1].flags |= kWipeOnFork;
  }
}

void read_map() {
  Lines lines("/proc/self/smaps");
  std::uint32_t before = 0;
  while (char* line = lines.next()) {
    const bool begins = (line[0] >= '0' && line[0] <= '9') || (line[0] >= 'a' && line[0] <= 'f');
    if (begins) {
      before = tables->head.mappings;
      note_mapping(line);
    } else if (starts_with(line, "VmFlags:") && tables->head.mappings > before) {
      note_flags(line + 8);
    }
  }
}

// ---- which pages have to be kept.

bool is_zero(std::uint64_t page) {
  const auto* word = reinterpret_cast<const std::uint64_t*>(page);
  for (std::uint64_t i = 0; i < kPage / sizeof *word; ++i) {
    if (word[i] != 0) return false;
  }
  return true;
}

constexpr std::uint64_t kPresent = std::uint64_t{1} << 63;
constexpr std::uint64_t kSwapped = std::uint64_t{1} << 62;
constexpr std::uint64_t kOfFile = std::uint64_t{1} << 61;

// Of a private file mapping: pages the process has changed. Else: pages that are not empty.
bool is_kept(const Mapping& mapping, std::uint64_t page, std::uint64_t bits) {
  if ((mapping.flags & kWipeOnFork) != 0) return false;
  if ((mapping.flags & (kShared | kWhole)) != 0) return !is_zero(page);
  if ((bits & (kPresent | kSwapped)) == 0) return false;
  if ((mapping.flags & kFromFile) != 0) return (bits & kOfFile) == 0;
  return !is_zero(page);
}

void keep_page(Mapping& mapping, std::uint64_t page) {
  ImageHead& head = tables->head;
  if (mapping.pieces > 0) {
    Piece& last = tables->pieces[head.pieces - 1];
    const std::uint64_t end = last.begin + last.bytes;
    // Not of a file: the pages between are its own.
    const std::uint64_t gap = (mapping.flags & kFromFile) != 0 ? 0 : kMergePages * kPage;
    if (page - end <= gap) {
      last.bytes = page + kPage - last.begin;
      return;
    }
  }
  if (head.pieces == kPiecesMax) refuse("memory in too many pieces");
  if (mapping.pieces++ == 0) mapping.first_piece = head.pieces;
  tables->pieces[head.pieces++] = {page, kPage, 0};
}

// Memory that nobody may read has content only in rare cases; this process is about to end.
void make_readable(const Mapping& mapping) {
  if ((mapping.protection & PROT_READ) != 0) return;
  ::mprotect(reinterpret_cast<void*>(mapping.begin), mapping.end - mapping.begin, PROT_READ);
}

void find_pieces(Mapping& mapping, int pagemap) {
  if ((mapping.flags & (kShared | kFromFile)) == (kShared | kFromFile)) {
    if ((mapping.protection & PROT_WRITE) != 0) {
      refuse("a file shared through memory: ", tables->text + mapping.text);
    }
    return;
  }
  constexpr std::uint64_t kAtOnce = sizeof tables->page_bits / sizeof(std::uint64_t);
  bool readable = false;
  for (std::uint64_t at = mapping.begin; at < mapping.end;) {
    const std::uint64_t left = (mapping.end - at) / kPage;
    const std::uint64_t count = left < kAtOnce ? left : kAtOnce;
    const ssize_t got = ::pread(pagemap, tables->page_bits, count * sizeof(std::uint64_t),
                                static_cast<off_t>(at / kPage * sizeof(std::uint64_t)));
    if (got <= 0) refuse_errno("read /proc/self/pagemap");
    const std::uint64_t pages = static_cast<std::uint64_t>(got) / sizeof(std::uint64_t);
    for (std::uint64_t i = 0; i < pages; ++i) {
      const std::uint64_t bits = tables->page_bits[i];
      if (!readable &&
          ((mapping.flags & (kShared | kWhole)) != 0 || (bits & (kPresent | kSwapped)) != 0)) {
        make_readable(mapping);
        readable = true;
      }
      if (is_kept(mapping, at + i * kPage, bits)) keep_page(mapping, at + i * kPage);
    }
    at += pages * kPage;
  }
}

void find_all_pieces() {
  const int pagemap = ::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (pagemap < 0) refuse_errno("open /proc/self/pagemap");
  for (std::uint32_t i = 0; i < tables->head.mappings; ++i) {
    find_pieces(tables->mappings[i], pagemap);
  }
  ::close(pagemap);
}

// ---- what else the kernel knows.

// /proc/self/stat has it as numbers; the name in brackets may hold anything.
void read_layout(MemoryLayout& layout) {
  Lines lines("/proc/self/stat");
  char* line = lines.next();
  char* at = line == nullptr ? nullptr : std::strrchr(line, ')');
  if (at == nullptr) refuse("/proc/self/stat");
  at += 2;
  std::uint64_t fields[64] = {};
  for (int field = 3; field < 53; ++field) {
    while (*at == ' ') ++at;
    if (field == 3) {
      ++at;  // the state, a letter
    } else {
      fields[field] = number(at, 10);
    }
  }
  layout.start_code = fields[26];
  layout.end_code = fields[27];
  layout.start_stack = fields[28];
  layout.start_data = fields[45];
  layout.end_data = fields[46];
  layout.start_brk = fields[47];
  layout.arg_start = fields[48];
  layout.arg_end = fields[49];
  layout.env_start = fields[50];
  layout.env_end = fields[51];
  layout.brk = static_cast<std::uint64_t>(::syscall(SYS_brk, 0));
}

// ---- writing.

void write_all(const void* from, std::uint64_t bytes) {
  const auto* at = static_cast<const char*>(from);
  while (bytes > 0) {
    const ssize_t done = ::write(kCheckpointImageFd, at, bytes);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) refuse_errno("write the image");
    at += done;
    bytes -= static_cast<std::uint64_t>(done);
  }
}

void place_pieces() {
  ImageHead& head = tables->head;
  const std::uint64_t used =
      sizeof head + head.mappings * sizeof(Mapping) + head.pieces * sizeof(Piece) + head.text_bytes;
  head.data = (used + kPage - 1) / kPage * kPage;
  std::uint64_t at = head.data;
  for (std::uint32_t i = 0; i < head.pieces; ++i) {
    tables->pieces[i].offset = at;
    at += tables->pieces[i].bytes;
  }
  head.bytes = at;
  write_all(&head, sizeof head);
  write_all(tables->mappings, head.mappings * sizeof(Mapping));
  write_all(tables->pieces, head.pieces * sizeof(Piece));
  write_all(tables->text, head.text_bytes);
  static const char nothing[kPage] = {};
  write_all(nothing, head.data - used);
}

}  // namespace

void write_image(const Context& context) {
  ImageHead& head = tables->head;
  head.pid = ::getpid();
  head.context = reinterpret_cast<std::uint64_t>(&context);
  head.fs_base = fs_base();
  read_layout(head.layout);
  read_map();
  find_all_pieces();
  place_pieces();
  for (std::uint32_t i = 0; i < head.pieces; ++i) {
    write_all(reinterpret_cast<const void*>(tables->pieces[i].begin), tables->pieces[i].bytes);
  }
  ::_exit(0);
}

}  // namespace lapwing::sandbox
