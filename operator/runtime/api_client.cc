#include "operator/runtime/api_client.h"

#include <chrono>
#include <utility>

#include "operator/base/system_clock.h"
#include "operator/runtime/api_request.h"
#include "operator/runtime/timings.h"
#include "operator/runtime/traffic.h"

namespace runtime {
namespace {

const base::Clock& RealClock() {
  static const base::SystemClock kClock;
  return kClock;
}

base::Error Fenced() {
  return base::MakeError(
      base::ErrorCode::kFenced, "LeaseExpiring",
      "not sent: the lease of this process is about to end or is held by another");
}

}  // namespace

class ApiClient::Impl {
 public:
  Impl(transport::Transport& transport, const WriteGate* gate, ApiClientOptions options)
      : transport_(transport),
        gate_(gate),
        options_(std::move(options)),
        traffic_(std::make_shared<Traffic>(
            options_.clock != nullptr ? *options_.clock : RealClock(),
            TrafficLimits{options_.max_in_flight_writes, options_.max_writes_of_a_flow})) {}

  base::Result<std::string> Read(transport::Request request, const std::string& scope) {
    const auto batch = std::make_shared<Batch>(1);
    const Flow flow{Flow::Kind::kRead, scope};
    if (auto allowed = traffic_->Enter(flow, {}); !allowed) return allowed.error();
    Send(flow, std::move(request), batch, 0);
    return ReadBody(std::move(traffic_->Wait(*batch).front()));
  }

  std::vector<base::Result<WriteResult>> WriteAll(const std::vector<WriteRequest>& requests) {
    const auto batch = std::make_shared<Batch>(requests.size());
    const Traffic::Time deadline = std::chrono::steady_clock::now() + kBatchTimeout;
    for (std::size_t i = 0; i < requests.size(); ++i) SendWrite(requests[i], deadline, batch, i);
    std::vector<Answer> answers = traffic_->Wait(*batch);
    std::vector<base::Result<WriteResult>> results;
    results.reserve(requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      results.push_back(ReadWriteAnswer(answers[i], requests[i].verb));
      if (requests[i].keep_answer && results[i]) results[i]->answer = std::move(answers[i]->body);
    }
    return results;
  }

  void Shutdown() { traffic_->Shutdown(); }
  int writes_in_flight() const { return traffic_->writes(); }

 private:
  void SendWrite(const WriteRequest& write, Traffic::Time deadline,
                 const std::shared_ptr<Batch>& batch, std::size_t index) {
    const Flow flow{Flow::Kind::kWrite, write.flow};
    if (auto allowed = traffic_->Enter(flow, deadline); !allowed) {
      traffic_->Refuse(*batch, index, allowed.error());
      return;
    }
    // What counts is the look at the moment in which the bytes leave (Request::may_send); this one
    // saves the connection.
    if (gate_ != nullptr && !gate_->MayWrite()) {
      traffic_->Leave(flow);
      traffic_->Refuse(*batch, index, Fenced());
      return;
    }
    Count(write);
    transport::Request request = MakeWrite(write, options_.field_manager);
    if (gate_ != nullptr) {
      request.may_send = [traffic = traffic_, gate = gate_] { return traffic->MayWrite(*gate); };
    }
    Send(flow, std::move(request), batch, index);
  }

  void Send(const Flow& flow, transport::Request request, const std::shared_ptr<Batch>& batch,
            std::size_t index) {
    traffic_->Opened(*batch);
    transport_.Send(std::move(request), [traffic = traffic_, batch, flow, index](Answer answer) {
      traffic->Deliver(flow, *batch, index, std::move(answer));
    });
  }

  void Count(const WriteRequest& write) {
    if (options_.metrics == nullptr) return;
    const std::string resource =
        write.resource.ToString() + (write.subresource.empty() ? "" : "/" + write.subresource);
    options_.metrics
        ->GetCounter("api_writes_total", "Writes sent to the API server",
                     {{"resource", resource}, {"verb", ToString(write.verb)}})
        .Add();
  }

  transport::Transport& transport_;
  const WriteGate* const gate_;
  const ApiClientOptions options_;
  const std::shared_ptr<Traffic> traffic_;
};

ApiClient::ApiClient(transport::Transport& transport, const WriteGate* gate,
                     ApiClientOptions options)
    : impl_(std::make_unique<Impl>(transport, gate, std::move(options))) {}

ApiClient::~ApiClient() { Shutdown(); }

base::Result<std::string> ApiClient::Get(const kube::Resource& resource,
                                         const kube::ObjectKey& key) {
  return ReadObject(impl_->Read(MakeGet(resource, key), key.namespace_name), key.name);
}

base::Result<std::string> ApiClient::ListMetadata(const kube::Resource& resource,
                                                  const MetadataQuery& query) {
  return impl_->Read(MakeMetadataList(resource, query), "");
}

base::Result<WriteResult> ApiClient::Write(const WriteRequest& request) {
  return std::move(impl_->WriteAll({request}).front());
}

std::vector<base::Result<WriteResult>> ApiClient::WriteAll(
    const std::vector<WriteRequest>& requests) {
  return impl_->WriteAll(requests);
}

void ApiClient::Shutdown() { impl_->Shutdown(); }
int ApiClient::writes_in_flight() const { return impl_->writes_in_flight(); }

}  // namespace runtime
