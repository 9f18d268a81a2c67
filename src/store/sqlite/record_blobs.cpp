// Which blobs records name.
#include <algorithm>

#include "store/sqlite/sqlite_internal.hpp"

namespace lapwing::store::sqlite {

Status name_blobs_on(Database& db, std::string_view kind, std::string_view key, bool existed,
                     std::span<const BlobId> blobs) {
  if (existed) {
    LAPWING_TRY(Statement drop, db.prepare("DELETE FROM record_blob WHERE kind=? AND key=?"));
    LAPWING_CHECK(drop.bind(kind).bind(key).run());
  }
  for (const BlobId& blob : blobs) {
    LAPWING_TRY(Statement add, db.prepare("INSERT OR IGNORE INTO record_blob VALUES (?, ?, ?)"));
    LAPWING_CHECK(add.bind(kind).bind(key).bind(as_text(ByteView(blob.sha256))).run());
  }
  return {};
}

Result<std::vector<std::string>> undeclared_owners_on(Database& db) {
  LAPWING_TRY(Statement scan, db.prepare("SELECT name FROM blob_owner ORDER BY name"));
  std::vector<std::string> out;
  while (true) {
    LAPWING_TRY(const bool there, scan.step());
    if (!there) return out;
    out.push_back(scan.bytes(0));
  }
}

Status declare_blobs_on(Database& db, std::string_view owner) {
  LAPWING_TRY(Statement drop, db.prepare("DELETE FROM blob_owner WHERE name=?"));
  return drop.bind(owner).run();
}

Result<std::vector<BlobId>> named_blobs_on(Database& db) {
  LAPWING_TRY(Statement scan, db.prepare("SELECT DISTINCT blob FROM record_blob"));
  std::vector<BlobId> out;
  while (true) {
    LAPWING_TRY(const bool there, scan.step());
    if (!there) return out;
    const std::string bytes = scan.bytes(0);
    BlobId& id = out.emplace_back();
    if (bytes.size() != id.sha256.size()) {
      return fail(internal_error("the name of a blob is damaged in " + db.path()));
    }
    std::copy_n(as_bytes(bytes).begin(), bytes.size(), id.sha256.begin());
  }
}

}  // namespace lapwing::store::sqlite
