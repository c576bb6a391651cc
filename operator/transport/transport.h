#pragma once

// HTTP/1.1 requests to one API server, without saying which library sends them. No type of Beast,
// cpprestsdk or OpenSSL is visible above this folder.
//
// What every implementation promises (tests/integration/transport_conformance_test.cc):
//  * No write is ever sent twice: one whose outcome is unknown ends as an error with
//    `outcome_unknown`, and the caller, who knows whether it may be repeated, decides. (A GET that
//    was lost on a kept-alive connection, because the peer closed it before the first byte of an
//    answer, is sent once more on a new one.)
//  * Only the CA of the ClusterConfig is trusted; host names and IP addresses are verified.
//  * A bearer token that comes from a file is re-read at most once a minute and after a 401. After a
//    401, which says that nothing was carried out, a request is sent once more if there are other
//    credentials by then.
//  * What `Request::may_send` forbids does not leave.
//  * Callbacks run on the transport's own thread and must not block.

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "operator/base/result.h"

namespace transport {

enum class Method { kGet, kPost, kPut, kPatch, kDelete };

std::string_view ToString(Method method);

using Headers = std::vector<std::pair<std::string, std::string>>;

// The reason of the kTooLarge of a body over our own bound. A server's or a proxy's 413 has others.
inline constexpr char kBodyTooLarge[] = "BodyTooLarge";

struct Request {
  Method method = Method::kGet;
  std::string target;  // path and query
  Headers headers;     // Host, Authorization, User-Agent, Content-Length are added by the transport
  std::string body;
  // From the call to the last byte of the answer. For a stream: to the head of the answer.
  std::chrono::milliseconds total_timeout{10'000};
  // Longest silence of a stream after its head.
  std::chrono::milliseconds idle_timeout{60'000};
  // Asked on the transport's thread when there is a connection, before each piece of the request is
  // given to the socket (Beast; cpprestsdk: before the library has the request). False: no more of
  // it leaves and it ends with kFenced; a server does not carry out half a request. Empty: always.
  std::function<bool()> may_send;
};

// The first value of a header, matched without case; "" when absent.
std::string_view FindHeader(const Headers& headers, std::string_view name);

struct Response {
  int status = 0;
  Headers headers;
  std::string body;

  std::string_view Header(std::string_view name) const { return FindHeader(headers, name); }
};

// Receives one streamed answer. Calls come in order from the transport's thread: OnHead once,
// OnData any number of times, OnEnd exactly once (also without OnHead when there never was an
// answer).
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  virtual void OnHead(int status, const Headers& headers) = 0;
  // False stops reading from the socket until StreamHandle::Resume: the back-pressure of a full
  // inbox.
  virtual bool OnData(std::string_view bytes) = 0;
  // OK: the peer ended the stream properly.
  virtual void OnEnd(base::Status status) = 0;
};

// Thread-safe; may be dropped at any time (the stream goes on; the sink is kept alive by the
// transport until OnEnd).
class StreamHandle {
 public:
  virtual ~StreamHandle() = default;
  virtual void Cancel() = 0;  // OnEnd follows with kCancelled, from the transport's thread
  virtual void Resume() = 0;
};

struct PoolStats {
  std::size_t open_connections = 0;
  std::size_t connects_total = 0;
  std::size_t requests_total = 0;
};

// Thread-safe.
class Transport {
 public:
  using Callback = std::function<void(base::Result<Response>)>;

  virtual ~Transport() = default;

  // Any HTTP status is a Response; an Error means that there was no complete answer. The callback
  // runs exactly once.
  virtual void Send(Request request, Callback callback) = 0;

  virtual std::shared_ptr<StreamHandle> Stream(Request request,
                                               std::shared_ptr<StreamSink> sink) = 0;

  virtual PoolStats stats() const = 0;
};

// Sends and waits; never from a callback of the same transport.
base::Result<Response> SendAndWait(Transport& transport, Request request);

}  // namespace transport
