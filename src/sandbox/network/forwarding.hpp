// Letting the machine pass packets between our uplink and its other interfaces.
//
// Where forwarding is on for the whole machine, nothing is done. Where it is off, it is
// switched on interface by interface, never for the machine (which would also make it
// ignore IPv6 router advertisements); what was switched is noted below /run, so that
// whichever server ends last, or whatever of ours starts after a kill, can switch it off again.
// The packet rules of every server keep others from using what was opened (network_rules.hpp).
//
// A server counts while it holds its uplink (hold_uplink): the interface of one that was killed
// may stay for a moment.
//
// Thread-safety: one thread, holding lock_network().
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/link.hpp"

namespace lapwing::sandbox {

// One server at a time changes the machine's network: held by an abstract socket's name,
// which belongs to the network namespace and goes with its holder.
Result<os::UniqueFd> lock_network();

bool ipv6_known();
// Whether IPv6 could be forwarded without changing the whole machine; "" or why not.
std::string why_no_ipv6_forwarding();
// For `uplink` (ours) and every other interface. Answers those that forward only because of
// us, this server or another.
Result<std::vector<std::string>> open_forwarding(const std::vector<os::Link>& links,
                                                 const std::string& uplink, bool v6);
// Undoes it, unless `links` shows another server's uplink or the machine forwards by now.
// Answers the interfaces that forward no longer.
std::vector<std::string> close_forwarding(const std::vector<os::Link>& links);
// Undoes what servers that are gone have left; takes the lock itself. What was done, for people,
// or nothing.
std::string restore_forwarding();

// Says that the uplink's server lives, as long as the socket is open. Its name belongs to the
// network namespace, and goes with its holder.
Result<os::UniqueFd> hold_uplink(std::string_view uplink);

// Names of uplinks, of any server.
std::string uplink_name(std::string_view tag);
bool is_uplink(std::string_view name);

}  // namespace lapwing::sandbox
