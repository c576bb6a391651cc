#include "operator/runtime/api_client.h"

#include <utility>

#include "operator/base/system_clock.h"
#include "operator/runtime/api_request.h"
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
        traffic_(
            std::make_shared<Traffic>(options_.clock != nullptr ? *options_.clock : RealClock(),
                                      options_.max_in_flight_writes)) {}

  base::Result<std::string> Read(transport::Request request) {
    const auto batch = std::make_shared<Batch>(1);
    if (auto allowed = traffic_->Enter(RequestClass::kRead); !allowed) return allowed.error();
    Send(RequestClass::kRead, std::move(request), batch, 0);
    return ReadBody(std::move(traffic_->Wait(*batch).front()));
  }

  std::vector<base::Result<WriteResult>> WriteAll(const std::vector<WriteRequest>& requests) {
    const auto batch = std::make_shared<Batch>(requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) SendWrite(requests[i], batch, i);
    const std::vector<Answer> answers = traffic_->Wait(*batch);
    std::vector<base::Result<WriteResult>> results;
    results.reserve(requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      results.push_back(ReadWriteAnswer(answers[i], requests[i].verb));
    }
    return results;
  }

  void Shutdown() { traffic_->Shutdown(); }
  int writes_in_flight() const { return traffic_->writes(); }

 private:
  void SendWrite(const WriteRequest& write, const std::shared_ptr<Batch>& batch,
                 std::size_t index) {
    if (auto allowed = traffic_->Enter(RequestClass::kWrite); !allowed) {
      traffic_->Refuse(*batch, index, allowed.error());
      return;
    }
    // After the wait for a place, so that nothing comes between the look at the lease and the
    // request.
    if (gate_ != nullptr && !gate_->MayWrite()) {
      traffic_->Leave(RequestClass::kWrite);
      traffic_->Refuse(*batch, index, Fenced());
      return;
    }
    Count(write);
    Send(RequestClass::kWrite, MakeWrite(write, options_.field_manager), batch, index);
  }

  void Send(RequestClass kind, transport::Request request, const std::shared_ptr<Batch>& batch,
            std::size_t index) {
    traffic_->Opened(*batch);
    transport_.Send(std::move(request), [traffic = traffic_, batch, kind, index](Answer answer) {
      traffic->Deliver(kind, *batch, index, std::move(answer));
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
  return impl_->Read(MakeGet(resource, key));
}

base::Result<std::string> ApiClient::ListMetadata(const kube::Resource& resource,
                                                  const MetadataQuery& query) {
  return impl_->Read(MakeMetadataList(resource, query));
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
