#include "server/rooms.hpp"

#include "delivery/http_settings.hpp"
#include "delivery/mail_settings.hpp"
#include "engine/settings.hpp"
#include "images/settings.hpp"
#include "runtime/settings.hpp"
#include "sandbox/settings.hpp"

namespace lapwing::server {
namespace {

template <class... Owners>
struct Rooms {
  static void visit(SettingValues& values, SettingVisitor& to) {
    (visit_owner<Owners>(values, to), ...);
  }
  static Status check(const SettingValues& values) {
    Status out;
    static_cast<void>(((out = check_owner<Owners>(values)).has_value() && ...));
    return out;
  }
};

using All = Rooms<sandbox::Settings, runtime::Settings, engine::Settings, images::Settings,
                  delivery::HttpSettings, delivery::MailSettings>;

}  // namespace

void visit_rooms(SettingValues& values, SettingVisitor& to) { All::visit(values, to); }

Status check_rooms(const SettingValues& values) { return All::check(values); }

}  // namespace lapwing::server
