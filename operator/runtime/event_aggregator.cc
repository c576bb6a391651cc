#include "operator/runtime/event_aggregator.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "operator/base/hash.h"
#include "operator/base/text.h"
#include "operator/runtime/micro_time.h"

namespace runtime {
namespace {

using nlohmann::json;

// Bounds of events.k8s.io/v1; an Event beyond one is refused.
constexpr std::size_t kMostNote = 1024;
constexpr std::size_t kMostWord = 128;
constexpr std::size_t kMostName = 253;

std::string Cut(const std::string& text, std::size_t most) {
  return std::string(base::CutUtf8(text, most));
}

// A message of a library or server may hold anything.
std::string Dump(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string Key(const kube::ObjectMeta& about, const EventNote& note) {
  const char* kind = note.kind == EventKind::kWarning ? "W" : "N";
  std::string key = about.uid;
  for (const std::string& part : {std::string(kind), note.reason, note.action, note.message}) {
    key += '\n' + part;
  }
  return key;
}

// Unique per series: the object, what is told and when it began.
std::string Name(const kube::ObjectMeta& about, const std::string& key, base::SystemTime now) {
  const std::string suffix =
      "." + base::ShortHash(key + std::to_string(now.time_since_epoch().count()));
  return about.name.substr(0, kMostName - suffix.size()) + suffix;
}

json Body(const kube::Resource& resource, const kube::ObjectMeta& about, const EventNote& note,
          const EventOptions& options, const std::string& now) {
  json regarding = {{"apiVersion", resource.ApiVersion()},
                    {"kind", resource.kind},
                    {"name", about.name},
                    {"uid", about.uid},
                    {"resourceVersion", about.resource_version}};
  if (!about.namespace_name.empty()) regarding["namespace"] = about.namespace_name;
  return {{"apiVersion", kube::kEvents.ApiVersion()},
          {"kind", kube::kEvents.kind},
          {"eventTime", now},
          {"reportingController", options.controller},
          {"reportingInstance", Cut(options.instance, kMostWord)},
          {"type", note.kind == EventKind::kWarning ? "Warning" : "Normal"},
          {"reason", Cut(note.reason, kMostWord)},
          {"action", Cut(note.action, kMostWord)},
          {"note", Cut(note.message, kMostNote)},
          {"regarding", std::move(regarding)}};
}

// Makes room for one more by dropping what was used least recently.
template <typename Map, typename Time>
void MakeRoom(Map& map, std::size_t most, Time time) {
  if (map.size() < most) return;
  map.erase(std::min_element(map.begin(), map.end(), [&](const auto& a, const auto& b) {
    return time(a.second) < time(b.second);
  }));
}

}  // namespace

EventAggregator::EventAggregator(const base::Clock& clock, EventOptions options)
    : clock_(clock), options_(std::move(options)) {}

std::optional<EventWrite> EventAggregator::Add(const kube::Resource& resource,
                                               const kube::ObjectMeta& about, const EventNote& note,
                                               bool* refused) {
  *refused = false;
  const std::string key = Key(about, note);
  const base::SystemTime now = clock_.Now();
  if (const auto known = series_.find(key); known != series_.end()) {
    ++known->second.count;
    known->second.last_seen = now;
    known->second.last_seen_steady = clock_.Steady();
    return std::nullopt;
  }
  if (!TakeToken(about.uid)) {
    *refused = true;
    return std::nullopt;
  }
  MakeRoom(series_, options_.max_series,
           [](const Series& series) { return series.last_seen_steady; });
  // Events about what has no namespace live in "default".
  const std::string namespace_name =
      about.namespace_name.empty() ? "default" : about.namespace_name;
  const std::string name = Name(about, key, now);
  series_[key] = {namespace_name, name, 1, 1, now, clock_.Steady(), clock_.Steady()};
  json body = Body(resource, about, note, options_, FormatMicroTime(now));
  body["metadata"] = {{"name", name}, {"namespace", namespace_name}};
  return EventWrite{false, namespace_name, name, Dump(body), key};
}

std::vector<EventWrite> EventAggregator::Due() {
  const base::SteadyTime now = clock_.Steady();
  std::vector<EventWrite> writes;
  for (auto entry = series_.begin(); entry != series_.end();) {
    Series& series = entry->second;
    const bool ended = now - series.last_seen_steady >= options_.series_end;
    const bool due = ended || now - series.last_sent >= options_.series_update;
    if (due && series.count > series.sent_count) writes.push_back(Patch(entry->first, series));
    entry = ended ? series_.erase(entry) : std::next(entry);
  }
  return writes;
}

void EventAggregator::Forget(const std::string& series) { series_.erase(series); }

bool EventAggregator::TakeToken(const std::string& uid) {
  const base::SteadyTime now = clock_.Steady();
  if (!buckets_.contains(uid)) {
    MakeRoom(buckets_, options_.max_objects, [](const Bucket& bucket) { return bucket.filled; });
    buckets_[uid] = {options_.burst, now};
  }
  Bucket& bucket = buckets_[uid];
  const double passed = std::chrono::duration<double>(now - bucket.filled).count();
  bucket.tokens =
      std::min(options_.burst,
               bucket.tokens + passed / std::chrono::duration<double>(options_.refill).count());
  bucket.filled = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

EventWrite EventAggregator::Patch(const std::string& key, Series& series) {
  series.sent_count = series.count;
  series.last_sent = clock_.Steady();
  const json body = {
      {"series",
       {{"count", series.count}, {"lastObservedTime", FormatMicroTime(series.last_seen)}}}};
  return {true, series.namespace_name, series.name, Dump(body), key};
}

}  // namespace runtime
