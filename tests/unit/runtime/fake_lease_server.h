#pragma once

// The Leases of an API server in memory, with optimistic locking, as the handler of FakeTransports;
// several share one. Thread-safe.

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "tests/unit/runtime/fake_transport.h"

namespace runtime {

class FakeLeaseServer {
 public:
  FakeTransport::Answer Handle(const transport::Request& request);

  // Requests fail to connect.
  void SetDown(bool down);
  // Whatever is asked is answered so, and nothing is carried out; nothing: as it should be.
  void AnswerAll(std::optional<transport::Response> answer);
  // The next write is carried out, but its answer is lost.
  void LoseNextAnswer();
  // Somebody else changes the Lease.
  void Edit(const std::string& field, const nlohmann::json& value);
  void Delete();

  nlohmann::json lease() const;  // null when there is none
  nlohmann::json spec(const std::string& field) const;
  int writes() const;

 private:
  FakeTransport::Answer Store(nlohmann::json lease);

  mutable std::mutex mutex_;
  nlohmann::json lease_;
  int version_ = 0;
  int writes_ = 0;
  bool down_ = false;
  std::optional<transport::Response> answer_all_;
  bool lose_answer_ = false;
};

}  // namespace runtime
