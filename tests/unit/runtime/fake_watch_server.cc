#include "tests/unit/runtime/fake_watch_server.h"

#include <algorithm>
#include <utility>

#include "tests/unit/runtime/fake_transport.h"

namespace runtime {
namespace {

base::Error Reset() {
  return base::MakeError(base::ErrorCode::kConnection, "Reset", "connection reset");
}

// The words of kube-apiserver for a group of which it serves nothing.
transport::Response NoSuchResource() {
  return {404,
          {{"Content-Type", "text/plain; charset=utf-8"}, {"Audit-Id", "b1a4e0a6"}},
          "404 page not found\n"};
}

std::string Decode(const std::string& text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      decoded += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

}  // namespace

class FakeWatchServer::Handle : public transport::StreamHandle {
 public:
  Handle(FakeWatchServer& server, WatchPtr watch) : server_(server), watch_(std::move(watch)) {}
  void Cancel() override {
    server_.loop_.Post([&server = server_, watch = watch_] {
      server.End(watch, base::MakeError(base::ErrorCode::kCancelled, "Cancelled", ""));
    });
  }
  void Resume() override {
    server_.loop_.Post([&server = server_, watch = watch_] {
      watch->paused = false;
      server.Pump(watch);
    });
  }

 private:
  FakeWatchServer& server_;
  const WatchPtr watch_;
};

FakeWatchServer::~FakeWatchServer() {
  loop_.Stop();
  for (const WatchPtr& watch : std::vector<WatchPtr>(watches_)) {
    End(watch, base::MakeError(base::ErrorCode::kCancelled, "Closed", ""));
  }
}

void FakeWatchServer::Set(const std::string& name) {
  std::lock_guard lock(mutex_);
  const bool added = !objects_.contains(name);
  objects_[name] = ++version_;
  if (added) created_[name] = version_;
  history_.push_back({version_, added ? "ADDED" : "MODIFIED", Object(name, version_, true)});
  loop_.Post([this] { PumpAll(); });
}

void FakeWatchServer::Delete(const std::string& name) {
  std::lock_guard lock(mutex_);
  if (!objects_.contains(name)) return;
  ++version_;
  history_.push_back({version_, "DELETED", Object(name, version_, true)});
  objects_.erase(name);
  loop_.Post([this] { PumpAll(); });
}

void FakeWatchServer::Compact() {
  std::lock_guard lock(mutex_);
  compacted_ = version_;
  history_.clear();
}

void FakeWatchServer::Install(bool installed) {
  std::lock_guard lock(mutex_);
  installed_ = installed;
}

void FakeWatchServer::SetFaults(Faults faults) {
  std::lock_guard lock(mutex_);
  faults_ = faults;
}

void FakeWatchServer::SetContents(const std::string& name, const std::string& members) {
  std::lock_guard lock(mutex_);
  contents_[name] = members;
}

void FakeWatchServer::SetMaxPage(std::size_t bytes) {
  std::lock_guard lock(mutex_);
  max_page_ = bytes;
}

void FakeWatchServer::AnswerLists(Answer answer) {
  std::lock_guard lock(mutex_);
  lists_ = std::move(answer);
}

void FakeWatchServer::AnswerWatches(Answer answer) {
  std::lock_guard lock(mutex_);
  watches_answer_ = std::move(answer);
}

void FakeWatchServer::CutAll() {
  loop_.Post([this] {
    for (const WatchPtr& watch : std::vector<WatchPtr>(watches_)) End(watch, Reset());
  });
}

void FakeWatchServer::Bookmark() {
  loop_.Post([this] {
    for (const WatchPtr& watch : std::vector<WatchPtr>(watches_)) SendBookmark(watch);
  });
}

// A bookmark promises that all events up to its version were sent, so only a watch that has had
// them gets one.
void FakeWatchServer::SendBookmark(const WatchPtr& watch) {
  bool gone = false;
  std::int64_t now = 0;
  const bool behind = !Since(watch->version, &gone, &now).empty() || gone;
  if (behind || watch->paused) return;
  watch->version = now;
  Write(watch, R"({"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":")" +
                   std::to_string(now) + "\"}}}\n");
}

std::map<std::string, std::string> FakeWatchServer::objects() const {
  std::lock_guard lock(mutex_);
  std::map<std::string, std::string> objects;
  for (const auto& [name, version] : objects_) objects[name] = std::to_string(version);
  return objects;
}

std::string FakeWatchServer::version() const {
  std::lock_guard lock(mutex_);
  return std::to_string(version_);
}

FakeWatchServer::Counts FakeWatchServer::counts() const {
  std::lock_guard lock(mutex_);
  return counts_;
}

std::vector<transport::Request> FakeWatchServer::requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}

void FakeWatchServer::Send(transport::Request request, Callback callback) {
  loop_.Post([this, request = std::move(request), callback = std::move(callback)] {
    callback(List(request));
  });
}

std::shared_ptr<transport::StreamHandle> FakeWatchServer::Stream(
    transport::Request request, std::shared_ptr<transport::StreamSink> sink) {
  auto watch = std::make_shared<Watch>();
  watch->request = std::move(request);
  watch->sink = std::move(sink);
  loop_.Post([this, watch] { Open(watch); });
  return std::make_shared<Handle>(*this, watch);
}

base::Result<transport::Response> FakeWatchServer::List(const transport::Request& request) {
  const std::string token = QueryValue(request.target, "continue");
  const bool fails = Chance(faults().list_fails);
  const int kind = static_cast<int>(random_() % 3);
  std::lock_guard lock(mutex_);
  requests_.push_back(request);
  ++counts_.pages;
  if (token.empty()) ++counts_.lists;
  if (lists_.status != 0 && request.target.find(lists_.path) != std::string::npos) {
    transport::Response answer = Json(lists_.status, lists_.body);
    answer.headers = lists_.headers;
    return answer;
  }
  if (!installed_) return NoSuchResource();
  if (fails && kind == 0) return Reset();
  if (fails && kind == 1) return Refusal(500, "InternalError");
  // A token is VERSION:NAME, "what comes after NAME as it was at VERSION".
  std::int64_t version = version_;
  std::string after;
  if (!token.empty()) {
    version = std::stoll(token);
    after = token.substr(token.find(':') + 1);
    if (fails || version < compacted_) return Refusal(410, "Expired");
  }
  if (fails) return Refusal(429, "TooManyRequests");
  // This server keeps no old states.
  if (!history_.empty() && history_.back().version > version) return Refusal(410, "Expired");
  const std::size_t limit = std::stoul(QueryValue(request.target, "limit"));
  const bool contents = request.headers[0].second.find("as=Partial") == std::string::npos;
  std::string items, next;
  std::size_t count = 0;
  for (auto object = objects_.upper_bound(after); object != objects_.end(); ++object) {
    if (count == limit) {
      next = std::to_string(version) + ":" + std::prev(object)->first;
      break;
    }
    items += (count++ == 0 ? "" : ",") + Object(object->first, object->second, contents);
  }
  if (items.size() > max_page_) {
    return base::MakeError(base::ErrorCode::kTooLarge, "BodyTooLarge", "the answer is too large");
  }
  return Json(200, R"({"kind":"PodList","metadata":{"resourceVersion":")" +
                       std::to_string(version) + R"(","continue":")" + next + R"("},"items":[)" +
                       items + "]}");
}

void FakeWatchServer::Open(const WatchPtr& watch) {
  const bool refused = Chance(faults().watch_refused);
  {
    std::lock_guard lock(mutex_);
    requests_.push_back(watch->request);
    ++counts_.watches;
  }
  if (watch->ended) return;  // cancelled before it began
  const Answer answer = [this] {
    std::lock_guard lock(mutex_);
    if (installed_) return watches_answer_;
    const transport::Response none = NoSuchResource();
    return Answer{none.status, none.headers, none.body};
  }();
  if (answer.status != 0 && watch->request.target.find(answer.path) != std::string::npos) {
    watch->sink->OnHead(answer.status, answer.headers);
    watch->sink->OnData(answer.body);
    if (!answer.open) End(watch, {});
    return;
  }
  if (refused) {
    const int status = std::vector<int>{410, 429, 500}[random_() % 3];
    watch->sink->OnHead(status, {});
    watch->sink->OnData(Refusal(status, status == 410 ? "Expired" : "Busy").body);
    End(watch, {});
    return;
  }
  watch->version = std::stoll(QueryValue(watch->request.target, "resourceVersion"));
  watches_.push_back(watch);
  watch->sink->OnHead(200, {});
  ArmIdle(watch);
  Pump(watch);
}

void FakeWatchServer::PumpAll() {
  for (const WatchPtr& watch : std::vector<WatchPtr>(watches_)) Pump(watch);
}

void FakeWatchServer::Pump(const WatchPtr& watch) {
  bool gone = false;
  std::int64_t now = 0;
  const std::vector<Event> events = Since(watch->version, &gone, &now);
  if (gone && !watch->ended) {
    Write(
        watch,
        R"({"type":"ERROR","object":{"kind":"Status","status":"Failure","reason":"Expired","code":410}})"
        "\n");
    End(watch, {});
    return;
  }
  for (const Event& event : events) {
    if (watch->ended || watch->paused || watch->stalled) return;
    const Faults faults = this->faults();
    const std::string line = R"({"type":")" + event.type + R"(","object":)" + event.object + "}\n";
    if (Chance(faults.cut)) {
      Write(watch, line.substr(0, random_() % line.size()));
      End(watch, Reset());
    } else if (Chance(faults.end)) {
      End(watch, {});
    } else if (Chance(faults.error_event)) {
      Write(watch, R"({"type":"ERROR","object":{"kind":"Status","reason":"Expired","code":410}})"
                   "\n");
      End(watch, {});
    } else if (Chance(faults.stall)) {
      watch->stalled = true;
    } else {
      watch->version = event.version;
      Write(watch, line);
      if (Chance(faults.bookmark)) Bookmark();
    }
  }
}

// In pieces that end anywhere.
void FakeWatchServer::Write(const WatchPtr& watch, const std::string& line) {
  if (watch->ended || watch->stalled) return;
  std::size_t from = 0;
  while (from < line.size()) {
    const std::size_t length = 1 + random_() % line.size();
    if (!watch->sink->OnData(std::string_view(line).substr(from, length))) watch->paused = true;
    from += length;
  }
  ArmIdle(watch);
}

void FakeWatchServer::End(const WatchPtr& watch, base::Status status) {
  if (std::exchange(watch->ended, true)) return;
  std::erase(watches_, watch);
  watch->sink->OnEnd(std::move(status));
}

void FakeWatchServer::ArmIdle(const WatchPtr& watch) {
  const std::uint64_t activity = ++watch->activity;
  loop_.PostAfter(watch->request.idle_timeout, [this, watch, activity] {
    if (watch->activity != activity || watch->paused) return;
    End(watch, base::MakeError(base::ErrorCode::kTimeout, "Idle", "silent for too long"));
  });
}

FakeWatchServer::Faults FakeWatchServer::faults() const {
  std::lock_guard lock(mutex_);
  return faults_;
}

bool FakeWatchServer::Chance(double probability) {
  return std::uniform_real_distribution<double>(0, 1)(random_) < probability;
}

std::vector<FakeWatchServer::Event> FakeWatchServer::Since(std::int64_t version, bool* gone,
                                                           std::int64_t* now) const {
  std::lock_guard lock(mutex_);
  *now = version_;
  *gone = version < compacted_;
  std::vector<Event> events;
  for (const Event& event : history_) {
    if (event.version > version) events.push_back(event);
  }
  return events;
}

std::string FakeWatchServer::Object(const std::string& name, std::int64_t version,
                                    bool contents) const {
  const auto members = contents_.find(name);
  return R"({"kind":"Pod","metadata":{"name":")" + name + R"(","namespace":"ns","uid":")" + name +
         "-" + std::to_string(created_.at(name)) + R"(","resourceVersion":")" +
         std::to_string(version) + "\"}" +
         (contents && members != contents_.end() ? members->second : "") + "}";
}

std::string QueryValue(const std::string& target, const std::string& name) {
  for (const char* mark : {"?", "&"}) {
    const std::size_t at = target.find(mark + name + "=");
    if (at == std::string::npos) continue;
    const std::size_t from = at + name.size() + 2;
    return Decode(target.substr(from, target.find('&', from) - from));
  }
  return "";
}

}  // namespace runtime
