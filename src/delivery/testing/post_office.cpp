#include "delivery/testing/post_office.hpp"

#include <algorithm>
#include <future>
#include <stdexcept>
#include <utility>

namespace lapwing::delivery::testing {
namespace {

constexpr auto kPatience = std::chrono::seconds(30);

template <class Map>
auto value_or_empty(const Map& map, std::string_view name) {
  const auto found = map.find(name);
  return found != map.end() ? found->second : typename Map::mapped_type{};
}

}  // namespace

Delivered taken() { return {}; }
Delivered later(std::string code) {
  return {.kind = Delivered::Kind::kLater, .code = std::move(code), .message = "not now"};
}
Delivered refused(std::string code) {
  return {.kind = Delivered::Kind::kRefused, .code = std::move(code), .message = "never"};
}

std::string queue_arn(std::string_view name) {
  return "arn:aws:sqs:eu-west-1:123456789012:" + std::string(name);
}

std::string short_name(std::string_view target) {
  if (target.ends_with('/')) target.remove_suffix(1);
  return std::string(target.substr(target.find_last_of(":/") + 1));
}

net::Task<std::vector<Delivered>> ScriptedDestination::deliver(
    net::Loop& loop, const std::vector<ports::Parcel>& parcels) {
  std::vector<Delivered> out;
  std::vector<std::string> names;
  bool hangs = false;
  struct InHand {
    ScriptedDestination& of;
    std::vector<std::string>& names;
    ~InHand() {
      const std::scoped_lock lock(of.mutex_);
      for (const std::string& name : names) --of.in_hand_[name];
    }
  };
  const InHand in_hand{*this, names};
  {
    const std::scoped_lock lock(mutex_);
    ++calls_;
    for (const ports::Parcel& parcel : parcels) {
      const std::string name = short_name(parcel.target);
      names.push_back(name);
      most_[name] = std::max(most_[name], ++in_hand_[name]);
      log_.push_back({.to = name,
                      .body = parcel.body,
                      .id = parcel.id,
                      .at_ms = unix_ms(clock_.wall()) - unix_ms(opened_),
                      .call = calls_,
                      .trace = parcel.trace});
      if (hanging_.contains(name)) {
        hangs = true;
        continue;
      }
      Delivered answer;
      if (const auto fixed = always_.find(name); fixed != always_.end()) answer = fixed->second;
      if (auto& script = scripts_[name]; !script.empty()) {
        answer = script.front();
        script.pop_front();
      }
      if (answer.kind == Delivered::Kind::kTaken) {
        took_[name].push_back(parcel.body);
        ++taken_;
      }
      out.push_back(std::move(answer));
    }
    if (silent_) out.clear();
    if (on_call_) on_call_();
    changed_.notify_all();
    if (broken_) throw std::runtime_error("a broken destination");
  }
  if (hangs) {
    net::Event never(loop);
    co_await never.wait();
  }
  co_await loop.yield();
  co_return out;
}

void ScriptedDestination::answers(std::string_view name, std::vector<Delivered> script) {
  const std::scoped_lock lock(mutex_);
  auto& to = scripts_[std::string(name)];
  to.insert(to.end(), script.begin(), script.end());
}

void ScriptedDestination::always(std::string_view name, Delivered answer) {
  const std::scoped_lock lock(mutex_);
  always_.insert_or_assign(std::string(name), std::move(answer));
}

void ScriptedDestination::hang(std::string_view name, bool on) {
  const std::scoped_lock lock(mutex_);
  if (on) {
    hanging_.emplace(name);
  } else {
    hanging_.erase(hanging_.find(name));
  }
}

void ScriptedDestination::broken(bool on) {
  const std::scoped_lock lock(mutex_);
  broken_ = on;
}

void ScriptedDestination::silent(bool on) {
  const std::scoped_lock lock(mutex_);
  silent_ = on;
}

void ScriptedDestination::on_call(UniqueFunction<void()> what) {
  const std::scoped_lock lock(mutex_);
  on_call_ = std::move(what);
}

std::vector<Handed> ScriptedDestination::log() const {
  const std::scoped_lock lock(mutex_);
  return log_;
}

std::vector<std::string> ScriptedDestination::bodies(std::string_view name) const {
  std::vector<std::string> out;
  for (const Handed& each : log()) {
    if (each.to == name) out.push_back(each.body);
  }
  return out;
}

std::vector<std::int64_t> ScriptedDestination::times(std::string_view name) const {
  std::vector<std::int64_t> out;
  for (const Handed& each : log()) {
    if (each.to == name) out.push_back(each.at_ms);
  }
  return out;
}

std::vector<std::string> ScriptedDestination::took(std::string_view name) const {
  const std::scoped_lock lock(mutex_);
  return value_or_empty(took_, name);
}

std::size_t ScriptedDestination::calls() const {
  const std::scoped_lock lock(mutex_);
  return calls_;
}

std::size_t ScriptedDestination::most_at_once(std::string_view name) const {
  const std::scoped_lock lock(mutex_);
  return value_or_empty(most_, name);
}

bool ScriptedDestination::wait_for(std::size_t handed) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return log_.size() >= handed; });
}

bool ScriptedDestination::wait_until_taken(std::size_t count) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return taken_ >= count; });
}

void ScriptedDestination::clear() {
  const std::scoped_lock lock(mutex_);
  log_.clear();
  took_.clear();
  taken_ = calls_ = 0;
}

std::optional<Shipment> ScriptedSender::shipment(const Posting& posting,
                                                 std::string_view addressee) {
  const std::scoped_lock lock(mutex_);
  if (broken_) throw std::runtime_error("a broken sender");
  if (gone_.contains(addressee)) return std::nullopt;
  const auto own = how_.find(addressee);
  Shipment out = own != how_.end() ? own->second : common_;
  if (out.parcel.target.empty()) out.parcel.target = queue_arn(addressee);
  if (out.parcel.target == "https") out.parcel.target = "https://" + std::string(addressee) + "/";
  out.parcel.body = posting.event;
  out.parcel.group = posting.group;
  return out;
}

std::optional<ports::Parcel> ScriptedSender::dead_letter(const Posting& posting,
                                                         std::string_view addressee,
                                                         const Failure&) {
  const std::scoped_lock lock(mutex_);
  const auto queue = dead_.find(addressee);
  if (queue == dead_.end() || gone_.contains(addressee)) return std::nullopt;
  return ports::Parcel{.target = queue_arn(queue->second), .body = posting.event};
}

void ScriptedSender::ended(const Posting& posting, std::string_view addressee,
                           const Failure* failure, Duration) {
  const std::scoped_lock lock(mutex_);
  told_.push_back({posting.id, std::string(addressee),
                   failure != nullptr ? std::optional(*failure) : std::nullopt});
}

void ScriptedSender::sends(std::string_view addressee, Shipment how) {
  const std::scoped_lock lock(mutex_);
  how_.insert_or_assign(std::string(addressee), std::move(how));
}

void ScriptedSender::all_send(Shipment how) {
  const std::scoped_lock lock(mutex_);
  common_ = std::move(how);
}

void ScriptedSender::gone(std::string_view addressee) {
  const std::scoped_lock lock(mutex_);
  gone_.emplace(addressee);
}

void ScriptedSender::dead_letters_to(std::string_view addressee, std::string_view queue) {
  const std::scoped_lock lock(mutex_);
  dead_.insert_or_assign(std::string(addressee), std::string(queue));
}

void ScriptedSender::broken(bool on) {
  const std::scoped_lock lock(mutex_);
  broken_ = on;
}

std::vector<Told> ScriptedSender::told() const {
  const std::scoped_lock lock(mutex_);
  return told_;
}

std::vector<Failure> ScriptedSender::failures(std::string_view addressee) const {
  std::vector<Failure> out;
  for (const Told& each : told()) {
    if (each.addressee == addressee && each.failure) out.push_back(*each.failure);
  }
  return out;
}

PostOffice::PostOffice(const store::testing::EngineKind& kind) : kind_(kind) {
  destinations_.add("sqs", queues);
  destinations_.add("https", web);
  open();
  start();
}

PostOffice::~PostOffice() { stop(); }

void PostOffice::open() {
  if (engine != nullptr && !kind_.durable) return;
  engine.reset();
  lost_ = false;
  engine = kind_.open(dir.path(), clock, store::kFeedHistory);
}

void PostOffice::start() {
  runner_ = std::make_unique<background::Runner>(
      clock, null_logger(), background::RunnerOptions{.pace = background::Pace::kManual});
  loops_ = std::make_unique<net::LoopGroup>(1, loop_clock, null_logger());
  time_ = std::make_unique<hosting::ManualTime>(clock, *runner_, engine->store(),
                                                std::vector<net::Loop*>{&loops_->at(0)});
  waker_ = std::make_unique<hosting::SpaceWaker>("post.due", space(), *runner_);
  outboxes_ = std::make_unique<UnsureSpace>(space());
  outbox_ = std::make_unique<Outbox>(
      "post", Needs{*outboxes_, clock, random, null_logger(), *runner_, *loops_, destinations_},
      sender);
  runner_->start();
  loops_->start();
  ASSERT_TRUE(outbox_->start());
}

void PostOffice::stop(std::chrono::milliseconds cut_after) {
  if (outbox_ == nullptr) return;
  outbox_->drain();
  auto over = std::async(std::launch::async, [this] { outbox_->stop(); });
  while (over.wait_for(cut_after) != std::future_status::ready) pass_real_time(kStopGrace);
  outbox_.reset();
  waker_.reset();
  runner_->stop();
  loops_->stop();
  time_.reset();
  loops_.reset();
  runner_.reset();
}

void PostOffice::restart() {
  stop(kPatience);
  open();
  start();
}

void PostOffice::crash() {
  outbox_->drain();
  loops_->stop();
  restart();
}

void PostOffice::pass_real_time(Duration by) {
  loop_clock.advance(by);
  loops_->at(0).wake();
}

Status PostOffice::accept(const Posting& posting) {
  LAPWING_CHECK(
      space().store().transact([&](store::Txn& txn) { return outbox_->accept(txn, posting); }));
  return {};
}

void PostOffice::try_advance(Duration by) {
  if (const Status moved = time_->advance(by); !moved) EXPECT_TRUE(lost_) << moved.error().to_log();
}

void PostOffice::post_unless_lost(const Posting& posting) {
  if (const Status done = accept(posting); !done) EXPECT_TRUE(lost_) << done.error().to_log();
}

void PostOffice::post(Posting posting) {
  std::vector<Posting> one;
  one.push_back(std::move(posting));
  post_all(std::move(one));
}

void PostOffice::post_all(std::vector<Posting> postings) {
  for (Posting& each : postings) {
    if (each.event.empty()) each.event = each.id;
    if (each.accepted_ms == 0) each.accepted_ms = unix_ms(clock.wall());
  }
  const auto done = space().store().transact([&](store::Txn& txn) -> Status {
    for (const Posting& each : postings) LAPWING_CHECK(outbox_->accept(txn, each));
    return {};
  });
  ASSERT_TRUE(done) << done.error().to_log();
}

std::uint64_t PostOffice::runs() const {
  std::uint64_t out = 0;
  for (const background::TaskFacts& task : runner_->tasks()) out += task.runs;
  return out;
}

bool PostOffice::empty() {
  const auto names = space().queue().names("", "");
  return names && names->empty();
}

}  // namespace lapwing::delivery::testing
