// DnsPlaces: a bounded number of places at the name server, shared out by sandbox. When all are
// taken, a newcomer gets the oldest place of the sandbox that has most of them: one who takes
// many gives way to one who needs one, and a newcomer is never turned away by others.
//
// Thread-safety: the loop's thread. The places outlive their tickets.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <stop_token>
#include <string>

namespace lapwing::sandbox {

class DnsPlaces {
  struct Place {
    std::string sandbox;
    std::stop_source stop;
    bool lost = false;
  };
  using Iterator = std::list<Place>::iterator;

 public:
  DnsPlaces(std::size_t total, std::size_t per_sandbox)
      : total_(total), per_sandbox_(per_sandbox) {}
  DnsPlaces(const DnsPlaces&) = delete;
  DnsPlaces& operator=(const DnsPlaces&) = delete;

  // A place; given back when the ticket goes.
  class Ticket {
   public:
    Ticket(DnsPlaces& places, Iterator place) : places_(&places), place_(place) {}
    Ticket(Ticket&& other) noexcept : places_(other.places_), place_(other.place_) {
      other.places_ = nullptr;
    }
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket() {
      if (places_ != nullptr) places_->give_back(place_);
    }
    // Triggered when the place has gone to somebody else.
    std::stop_token lost() const { return place_->stop.get_token(); }

   private:
    DnsPlaces* places_;
    Iterator place_;
  };

  // Whether the sandbox has all that one may have.
  bool has_its_share(const std::string& sandbox) const;
  // A sandbox that has its share loses the oldest of its own.
  Ticket take(std::string sandbox);

 private:
  void give_back(Iterator place);
  void uncount(const std::string& sandbox);
  void free_oldest_of(const std::string& sandbox);
  std::string greediest() const;

  const std::size_t total_;
  const std::size_t per_sandbox_;
  std::list<Place> places_;                   // oldest first
  std::map<std::string, std::size_t> taken_;  // of those not lost, by sandbox
  std::size_t taken_total_ = 0;
};

}  // namespace lapwing::sandbox
