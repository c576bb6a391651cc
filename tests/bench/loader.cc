#include "tests/bench/loader.h"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace disagg::bench {
namespace {

// Keeps `concurrency` requests under way until all are answered. Shared with its callbacks: the
// last one still looks for more work after the waiting thread was told that all are answered.
class Load : public std::enable_shared_from_this<Load> {
 public:
  Load(transport::Transport& transport, std::vector<transport::Request> requests)
      : transport_(transport), requests_(std::move(requests)) {}

  LoadResult Run(int concurrency) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < concurrency; ++i) SendNext();
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return answered_ == requests_.size(); });
    result_.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result_;
  }

 private:
  void SendNext() {
    transport::Request* request = nullptr;
    {
      std::lock_guard lock(mutex_);
      if (next_ == requests_.size()) return;
      request = &requests_[next_++];
    }
    request->total_timeout = std::chrono::seconds(60);
    transport_.Send(std::move(*request),
                    [self = shared_from_this()](base::Result<transport::Response> response) {
                      self->Settle(response);
                      self->SendNext();
                    });
  }

  void Settle(const base::Result<transport::Response>& response) {
    std::lock_guard lock(mutex_);
    ++answered_;
    if (!response || response->status >= 300) {
      ++result_.failed;
      if (result_.first_failure.empty())
        result_.first_failure = response ? response->body : response.error().message;
    }
    done_.notify_one();
  }

  transport::Transport& transport_;
  std::vector<transport::Request> requests_;
  std::mutex mutex_;
  std::condition_variable done_;
  std::size_t next_ = 0, answered_ = 0;
  LoadResult result_;
};

}  // namespace

LoadResult SendAll(transport::Transport& transport, std::vector<transport::Request> requests,
                   int concurrency) {
  if (requests.empty()) return {};
  return std::make_shared<Load>(transport, std::move(requests))->Run(concurrency);
}

}  // namespace disagg::bench
