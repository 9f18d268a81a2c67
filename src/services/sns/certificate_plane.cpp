#include "services/sns/certificate_plane.hpp"

#include <string>
#include <utility>

#include "base/result.hpp"

namespace lapwing::sns {

bool CertificatePlane::owns_path(std::string_view path) const {
  return path.starts_with("/SimpleNotificationService-") && path.ends_with(".pem");
}

net::Task<void> CertificatePlane::handle(http::RequestContext& context, hosting::Arrival) {
  const http::Request& request = context.request();
  if (request.method != http::Method::kGet && request.method != http::Method::kHead) {
    co_await context.respond(hosting::plain_error(
        make_error(ErrorKind::kInvalid, "A certificate can only be read").with_status(405)));
    co_return;
  }
  std::string pem = signer_.certificate(request.path().substr(1));
  if (pem.empty()) {
    co_await context.respond(hosting::plain_error(
        make_error(ErrorKind::kNotFound, "There is no such certificate").with_status(404)));
    co_return;
  }
  co_await context.respond(http::Response(200, "application/x-pem-file", std::move(pem)));
}

}  // namespace lapwing::sns
