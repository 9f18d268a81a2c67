// Downloads behind a Code.Location (code_url.hpp): who holds the URL needs no credentials.
//
// Thread-safety: as hosting::DataPlane.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "hosting/data_plane.hpp"
#include "net/worker_pool.hpp"
#include "services/lambda/code_url.hpp"
#include "store/blob.hpp"

namespace lapwing::lambda {

struct CodeDownload {
  std::unique_ptr<store::BlobReader> reader;
  std::uint64_t size = 0;
  std::string file_name;  // "HelloWorldFunction.zip"
};

class CodeDownloads final : public hosting::DataPlane {
 public:
  // All outlive it. The store is read on `workers`.
  CodeDownloads(const CodeUrls& urls, store::BlobStore& blobs, net::WorkerPool& workers)
      : urls_(urls), blobs_(blobs), workers_(workers) {}

  bool owns_path(std::string_view path) const override { return path.starts_with(kCodePath); }
  // The zip. 403 for a wrong signature or one that has expired, 404 where the code is gone.
  net::Task<void> handle(http::RequestContext& context, hosting::Arrival arrival) override;

  // Blocks. 403 AccessDeniedException, or kNotFound.
  Result<CodeDownload> open(std::string_view raw_path, std::string_view raw_query) const;

 private:
  const CodeUrls& urls_;
  store::BlobStore& blobs_;
  net::WorkerPool& workers_;
};

}  // namespace lapwing::lambda
