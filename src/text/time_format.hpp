// The spellings of a moment that AWS uses. All are UTC; parsers take the years 1678..2261 and
// refuse what does not exist (30 February, hour 24); a leap second is taken as the next
// second's start.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace lapwing::text {

// "2019-11-14T18:16:05.568+0000": Lambda's LastModified.
std::string format_lambda_time(WallTime time);
// "2019-11-14T18:16:05Z", with ".568" when `milliseconds`.
std::string format_iso8601(WallTime time, bool milliseconds = false);
// "2019-11-14T18:16:05Z", ".568" only where it is not zero: Smithy's date-time.
std::string format_date_time(WallTime time);
// "Thu, 14 Nov 2019 18:16:05 GMT"
std::string format_http_date(WallTime time);
// "20191114T181605Z": SigV4.
std::string format_basic(WallTime time);
// "2019/11/14": log stream names.
std::string format_day_path(WallTime time);
// "1573755365.568": seconds with up to three decimals, none where they are zero.
std::string format_epoch_seconds(WallTime time);

// RFC 3339: date, 'T' or a space, time, optional fraction of up to 9 digits, 'Z' or an offset
// "+01:00" or "+0100". All of the ISO spellings above are read by this one.
Result<WallTime> parse_iso8601(std::string_view text);
// The one spelling of RFC 9110 that senders must use, plus a fraction of a second (Smithy).
Result<WallTime> parse_http_date(std::string_view text);
Result<WallTime> parse_basic(std::string_view text);
// "1573755365", "1573755365.568", "1.573755365568E9"; negative allowed.
Result<WallTime> parse_epoch_seconds(std::string_view text);
Result<WallTime> from_epoch_seconds(double seconds);

}  // namespace lapwing::text
