// Code.Location of GetFunction and Content.Location of GetLayerVersion: a path of our own that
// downloads the zip, signed so that who holds it needs no credentials, as with the presigned S3 URL
// AWS answers.
//
//   http://HOST/_lapwing/code/ACCOUNT/REGION/NAME/SHA256?Expires=UNIX&Signature=HEX
//
// Thread-safety: const members from any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "services/lambda/function_record.hpp"

namespace lapwing::lambda {

inline constexpr std::string_view kCodePath = "/_lapwing/code/";

struct CodeUrlTarget {
  std::string name;    // of the function or layer
  std::string sha256;  // 64 hexadecimal digits
};

class CodeUrls {
 public:
  // `clock` outlives the object. `secret`: the server's own.
  CodeUrls(std::string secret, std::string scheme, const Clock& clock);

  // `name` of the function or layer whose code it is.
  std::string make(std::string_view host, const AccountId& account, const Region& region,
                   std::string_view name, const CodeRef& code) const;
  // 403 AccessDeniedException unless we made exactly this and it has not expired.
  Result<CodeUrlTarget> verify(std::string_view raw_path, std::string_view raw_query) const;

 private:
  std::string sign(std::string_view path, std::string_view expires) const;

  std::string secret_;
  std::string scheme_;
  const Clock& clock_;
};

}  // namespace lapwing::lambda
