#include "tests/unit/runtime/fake_transport.h"

#include <algorithm>
#include <utility>

namespace runtime {

FakeTransport::~FakeTransport() {
  loop_.Stop();
  for (const auto& call : held_) {
    call->callback(base::MakeError(base::ErrorCode::kCancelled, "Closed", "the transport is gone"));
  }
}

void FakeTransport::Send(transport::Request request, Callback callback) {
  auto call = std::make_shared<Call>(Call{std::move(request), std::move(callback)});
  std::lock_guard lock(mutex_);
  requests_.push_back(call->request);
  if (!holding_ || (held_kind_ && !held_kind_(call->request))) {
    loop_.Post([this, call] { Handle(call); });
    return;
  }
  held_.push_back(std::move(call));
  most_held_ = std::max(most_held_, held_.size());
  changed_.notify_all();
}

std::shared_ptr<transport::StreamHandle> FakeTransport::Stream(
    transport::Request, std::shared_ptr<transport::StreamSink> sink) {
  struct Nothing : transport::StreamHandle {
    void Cancel() override {}
    void Resume() override {}
  };
  loop_.Post([sink = std::move(sink)] {
    sink->OnEnd(base::MakeError(base::ErrorCode::kInternal, "NoStreams", "unary requests only"));
  });
  return std::make_shared<Nothing>();
}

void FakeTransport::Hold(std::function<bool(const transport::Request&)> which) {
  std::lock_guard lock(mutex_);
  holding_ = true;
  held_kind_ = std::move(which);
}

void FakeTransport::Release() {
  std::lock_guard lock(mutex_);
  holding_ = false;
  for (auto& call : held_) {
    loop_.Post([this, call] { Handle(call); });
  }
  held_.clear();
}

void FakeTransport::WaitForHeld(std::size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return held_.size() >= count; });
}

std::vector<transport::Request> FakeTransport::requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}

std::size_t FakeTransport::most_held() const {
  std::lock_guard lock(mutex_);
  return most_held_;
}

void FakeTransport::Handle(const std::shared_ptr<Call>& call) {
  const transport::Request& request = call->request;
  if (request.may_send && !request.may_send()) {
    call->callback(base::MakeError(base::ErrorCode::kFenced, "Fenced", "may not be sent"));
    return;
  }
  call->callback(handler_(request));
}

transport::Response Json(int status, std::string body) {
  return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

transport::Response Refusal(int status, const std::string& reason, const std::string& message) {
  return Json(status, R"({"kind":"Status","apiVersion":"v1","status":"Failure","reason":")" +
                          reason + R"(","message":")" + message + R"(","code":)" +
                          std::to_string(status) + "}");
}

}  // namespace runtime
