#pragma once

// One resource of an API server in memory, as a Transport: lists in pages with continue tokens,
// watches with a history that can be compacted, bookmarks, 410 outside and inside a stream, and
// faults drawn from a seed. Behaves; records only counts.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "operator/runtime/thread_loop.h"
#include "operator/transport/transport.h"

namespace runtime {

class FakeWatchServer : public transport::Transport {
 public:
  // Probabilities of a fault per request or step of a stream.
  struct Faults {
    double list_fails = 0;     // connection, 500, or 410 for a continue token
    double watch_refused = 0;  // 410, 429 or 500
    double cut = 0;            // in the middle of a line
    double end = 0;            // a proper end
    double error_event = 0;    // ERROR with 410 inside the stream
    double stall = 0;          // silent from now on
    double bookmark = 0;
  };
  struct Counts {
    int lists = 0;
    int pages = 0;
    int watches = 0;
  };

  explicit FakeWatchServer(unsigned seed) : random_(seed) {}
  ~FakeWatchServer() override;

  // What clients do to the objects.
  void Set(const std::string& name);
  void Delete(const std::string& name);
  // History up to now is forgotten.
  void Compact();
  // Without it, lists and new watches are answered as by an API server that has no such resource.
  void Install(bool installed);
  void SetFaults(Faults faults);
  // More members of an object, as JSON: `,"spec":...`. Metadata-only answers leave them out.
  void SetContents(const std::string& name, const std::string& members);
  // A page over so many bytes is refused as an answer that is too large.
  void SetMaxPage(std::size_t bytes);
  // Whatever is asked for, lists or watches or both, gets this answer; status 0: no more.
  struct Answer {
    int status = 0;
    transport::Headers headers;
    std::string body;
    bool open = false;      // of a watch: its body never ends
    std::string path = "";  // only requests whose target holds this
  };
  void AnswerLists(Answer answer);
  void AnswerWatches(Answer answer);
  // Every open watch breaks off.
  void CutAll();
  void Bookmark();

  std::map<std::string, std::string> objects() const;  // name to resourceVersion
  std::string version() const;
  Counts counts() const;
  std::vector<transport::Request> requests() const;

  void Send(transport::Request request, Callback callback) override;
  std::shared_ptr<transport::StreamHandle> Stream(
      transport::Request request, std::shared_ptr<transport::StreamSink> sink) override;
  transport::PoolStats stats() const override { return {}; }

 private:
  struct Event {
    std::int64_t version;
    std::string type;
    std::string object;
  };
  struct Watch {
    transport::Request request;
    std::shared_ptr<transport::StreamSink> sink;
    std::int64_t version = 0;
    std::uint64_t activity = 0;
    bool paused = false;
    bool stalled = false;
    bool ended = false;
  };
  using WatchPtr = std::shared_ptr<Watch>;
  class Handle;

  // All on the loop, without the lock.
  base::Result<transport::Response> List(const transport::Request& request);
  void Open(const WatchPtr& watch);
  void Pump(const WatchPtr& watch);
  void PumpAll();
  void SendBookmark(const WatchPtr& watch);
  void Write(const WatchPtr& watch, const std::string& line);
  void End(const WatchPtr& watch, base::Status status);
  void ArmIdle(const WatchPtr& watch);

  Faults faults() const;
  bool Chance(double probability);
  // What came after `version`; `gone` when that is no longer known; `now` is the newest version.
  std::vector<Event> Since(std::int64_t version, bool* gone, std::int64_t* now) const;
  // With the lock held.
  std::string Object(const std::string& name, std::int64_t version, bool contents) const;

  mutable std::mutex mutex_;
  std::mt19937 random_;  // of the loop
  Faults faults_;
  Counts counts_;
  bool installed_ = true;
  std::size_t max_page_ = ~std::size_t{0};
  Answer lists_, watches_answer_;
  std::map<std::string, std::string> contents_;
  std::int64_t version_ = 100;
  std::int64_t compacted_ = 0;
  std::map<std::string, std::int64_t> objects_;
  std::map<std::string, std::int64_t> created_;  // version of creation: the UID
  std::deque<Event> history_;
  std::vector<transport::Request> requests_;
  std::vector<WatchPtr> watches_;  // of the loop
  ThreadLoop loop_;                // last: its tasks use all of the above
};

// The value of a query parameter, decoded; "" when absent.
std::string QueryValue(const std::string& target, const std::string& name);

}  // namespace runtime
