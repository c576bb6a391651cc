#pragma once

// A Transport whose server is a function. Callbacks come in order from a thread of its own, as the
// real one's; requests can be held back, as by a connection that takes long, and whether they may
// be sent is asked afterwards. What is still held when it goes is cancelled.

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "operator/runtime/thread_loop.h"
#include "operator/transport/transport.h"

namespace runtime {

class FakeTransport : public transport::Transport {
 public:
  using Answer = base::Result<transport::Response>;
  using Handler = std::function<Answer(const transport::Request&)>;

  explicit FakeTransport(Handler handler) : handler_(std::move(handler)) {}
  ~FakeTransport() override;

  void Send(transport::Request request, Callback callback) override;
  std::shared_ptr<transport::StreamHandle> Stream(
      transport::Request request, std::shared_ptr<transport::StreamSink> sink) override;
  transport::PoolStats stats() const override { return {}; }

  // Requests that come from now on (those that `which` picks, unless it is empty) are not handled
  // until Release.
  void Hold(std::function<bool(const transport::Request&)> which = nullptr);
  void Release();
  // Waits until so many requests are held.
  void WaitForHeld(std::size_t count);

  std::vector<transport::Request> requests() const;
  std::size_t most_held() const;

 private:
  struct Call {
    transport::Request request;
    Callback callback;
  };

  void Handle(const std::shared_ptr<Call>& call);

  const Handler handler_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool holding_ = false;
  std::function<bool(const transport::Request&)> held_kind_;
  std::deque<std::shared_ptr<Call>> held_;
  std::size_t most_held_ = 0;
  std::vector<transport::Request> requests_;
  ThreadLoop loop_;  // last: its tasks use all of the above
};

transport::Response Json(int status, std::string body);
// A metav1.Status with this reason.
transport::Response Refusal(int status, const std::string& reason, const std::string& message = "");

}  // namespace runtime
