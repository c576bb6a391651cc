#pragma once

// What a reflector does next: the list-and-watch protocol of the Kubernetes API without any I/O.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
//
//   list (pages; without resourceVersion, i.e. from etcd)
//     ^  |  too large or too slow: the same page again with half as many objects; one object that
//     |  |  is over our own bound: without its contents
//     |  |  failure: back-off, list again
//     |  v
//     |  watch from the list's version <---------------------+
//     |  |                                                   |
//     |  +-- ended, cut or silent: on from the last version -+
//     +----- 410, refused, undecodable; nothing heard for `silence`, in however many watches
//
// A resource that the server does not serve and need not (OnNotServed) is listed again after
// `absent_least` to `absent_most`: without it there is no watch that would say that it has come.
//
// Each failure waits: the first `first_retry`, then backoff_base * 2^n up to backoff_max, of which
// the upper half is random; the count starts anew when the last failure is `healthy` ago. So
// whatever a server or a proxy answers, an answer that has healed is noticed within backoff_max, or
// after the wait that it asked for, of which `longest_wait` is honoured. Not thread-safe.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "operator/base/clock.h"
#include "operator/base/result.h"
#include "operator/kube/page_size.h"

namespace runtime {

struct ReflectorTimings {
  std::chrono::milliseconds first_retry{100};
  std::chrono::milliseconds backoff_base{800};
  std::chrono::milliseconds backoff_max{10'000};
  std::chrono::seconds longest_wait{60};
  std::chrono::milliseconds healthy{120'000};
  // A watch that the server ends sooner than this without an event counts as failed.
  std::chrono::milliseconds short_watch{1'000};
  // The server is asked to end a watch after a random time between these.
  std::chrono::seconds watch_least{300};
  std::chrono::seconds watch_most{600};
  // A watch that brings no event for so long is dead: bookmarks come about once a minute.
  std::chrono::milliseconds idle{150'000};
  // One dead watch is resumed where it ended. A cache that has heard nothing for so long, in
  // however many watches, lists anew: it is never much older than this.
  std::chrono::milliseconds silence{450'000};
  // What remains of an event once its beginning has come.
  std::chrono::milliseconds event{15'000};
  // One page of a list; the head of a watch's answer.
  std::chrono::milliseconds request{60'000};
  // The body of an answer that refuses a watch.
  std::chrono::milliseconds refusal{5'000};
  // A cache whose watch has not answered for so long is not live.
  std::chrono::milliseconds live_grace{10'000};
  // A resource that is not served is asked for again after a random time between these.
  std::chrono::milliseconds absent_least{30'000};
  std::chrono::milliseconds absent_most{60'000};
  // For so long the servers have to say that they do not serve a resource until objects of it that
  // were seen are believed to be gone: one of several servers learns of a new CRD after the others.
  std::chrono::milliseconds absence_proof{10'000};
};

// Reason of the error of a list that an API server itself has answered with "no such resource".
inline constexpr char kNotServed[] = "NotServed";

struct ReflectorAction {
  enum class Kind { kList, kWatch };
  Kind kind = Kind::kList;
  std::string resource_version;  // kWatch: where to go on
  std::string continue_token;    // kList: the next page of the same list; "" begins a new one
  int limit = 0;                 // kList: the most objects
  // kList: one object is over our own bound; its metadata have to do.
  bool without_contents = false;
  std::chrono::milliseconds delay{0};
};

class ReflectorState {
 public:
  ReflectorState(ReflectorTimings timings, int page_size, std::uint64_t seed)
      : timings_(timings), page_size_(page_size), random_(seed) {}

  // From nothing, now: a list from etcd.
  ReflectorAction Start();

  // A page of so many bytes was taken in. With a continue token the next one follows, else the
  // watch.
  ReflectorAction OnPage(const std::string& resource_version, const std::string& continue_token,
                         std::size_t bytes);
  ReflectorAction OnListFailed(const base::Error& error, base::SteadyTime now);
  // The list failed with kNotServed. `holds_objects`: the cache is not empty. What to do next when
  // that means that there are no objects; nothing when it is a failure like others for now.
  std::optional<ReflectorAction> OnNotServed(bool holds_objects, base::SteadyTime now);

  void OnWatchStarted(base::SteadyTime now);
  // An object or a bookmark.
  void OnEvent(const std::string& resource_version, base::SteadyTime now);
  // `status`: OK when the server ended the stream, else what broke it or the error that it held.
  ReflectorAction OnWatchEnded(const base::Status& status, base::SteadyTime now);

  // A watch duration to ask for.
  std::chrono::seconds WatchDuration();

 private:
  ReflectorAction List(std::chrono::milliseconds delay);
  // The page that `continue_token_` stands for.
  ReflectorAction Page(std::chrono::milliseconds delay) const;
  ReflectorAction Watch(std::chrono::milliseconds delay);
  std::chrono::milliseconds Backoff(const base::Error& error, base::SteadyTime now);
  std::chrono::milliseconds Between(std::chrono::milliseconds least,
                                    std::chrono::milliseconds most);
  double Random() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  const ReflectorTimings timings_;
  kube::PageSize page_size_;
  std::mt19937_64 random_;
  std::string continue_token_;
  bool without_contents_ = false;
  std::string resource_version_;
  base::SteadyTime watch_started_;
  std::uint64_t watch_events_ = 0;
  // The last event or, while there is none, the beginning of the first watch after the list.
  std::optional<base::SteadyTime> heard_at_;
  // The first of the answers in a row that the resource is not served.
  std::optional<base::SteadyTime> absent_since_;
  int failures_ = 0;
  base::SteadyTime last_failure_;
  int future_versions_ = 0;  // how often in a row the server did not know our version yet
};

}  // namespace runtime
