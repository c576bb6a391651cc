#include "operator/transport/exchange.h"

#include <utility>

namespace transport {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostOfRefusal = 64 << 10;  // what is kept of the body of a 401

std::string Seconds(std::chrono::milliseconds time) {
  const auto count = time.count();
  return count % 1000 == 0 ? std::to_string(count / 1000) + " s" : std::to_string(count) + " ms";
}

}  // namespace

Exchange::Exchange(ExchangeHost& host, ExchangeKind kind, Request request,
                   std::shared_ptr<StreamSink> sink, AnswerLimits limits)
    : host_(host),
      kind_(kind),
      request_(std::move(request)),
      sink_(std::move(sink)),
      limits_(limits),
      total_timer_(host.io()),
      idle_timer_(host.io()) {}

void Exchange::Start() {
  total_timer_.expires_after(request_.total_timeout);
  total_timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->OnTotalTimeout();
  });
  host_.GetCredentials([self = shared_from_this()](base::Result<Credentials> credentials) {
    self->OnCredentials(std::move(credentials));
  });
}

void Exchange::OnCredentials(base::Result<Credentials> credentials) {
  if (ended_) return;
  if (!credentials) return End(CredentialsError(credentials.error()));
  credentials_ = std::move(*credentials);
  TakeConnection(kind_ == ExchangeKind::kStream ? ConnectionUse::kOwn : ConnectionUse::kShared);
}

void Exchange::TakeConnection(ConnectionUse use) {
  const auto ticket = host_.pool().Take(
      use, [self = shared_from_this()](base::Result<ConnectionPool::Taken> taken) {
        self->OnConnection(std::move(taken));
      });
  if (!connection_ && !ended_) ticket_ = ticket;
}

void Exchange::OnConnection(base::Result<ConnectionPool::Taken> taken) {
  ticket_.reset();
  if (!taken) return End(taken.error());
  connection_ = std::move(taken->connection);
  reused_ = taken->reused;
  parser_.emplace(limits_, static_cast<AnswerReceiver&>(*this));
  connection_->SetUser(this);
  sent_ = true;
  connection_->Write(host_.Serialize(request_, credentials_.token), request_.may_send);
}

void Exchange::OnBytes(Connection&, std::string_view bytes) {
  const auto self = shared_from_this();  // End drops the last other reference
  last_bytes_ = Clock::now();
  if (base::Status parsed = parser_->Feed(bytes); !parsed) {
    const base::Error& error = parsed.error();
    return End(Fail(error.code, error.reason, error.message));
  }
  // An early answer (413, say) may come while the request is still being written.
  if (parser_->done()) return OnAnswerEnd(parser_->reusable() && !connection_->writing());
  if (paused_) connection_->PauseReading();
}

void Exchange::OnAnswerHead(int status, Headers headers) {
  if (status == 401) {
    host_.OnUnauthorized(credentials_.token);
    if (!renewed_) {
      refusal_.emplace(Response{status, std::move(headers), ""});
      return;
    }
  }
  Deliver(status, headers);
}

void Exchange::Deliver(int status, const Headers& headers) {
  if (kind_ == ExchangeKind::kStream) {
    total_timer_.cancel();
    WaitForSilence(request_.idle_timeout);
  }
  sink_->OnHead(status, headers);
}

void Exchange::OnAnswerBody(std::string_view bytes) {
  if (refusal_) {
    refusal_->body += bytes.substr(0, kMostOfRefusal - refusal_->body.size());
    return;
  }
  if (!sink_->OnData(bytes)) paused_ = true;
}

void Exchange::OnAnswerEnd(bool reusable) {
  host_.pool().Release(std::exchange(connection_, nullptr), reusable);
  if (refusal_) return RenewCredentials();
  End({});
}

void Exchange::RenewCredentials() {
  renewed_ = true;
  host_.GetCredentials([self = shared_from_this()](const base::Result<Credentials>& credentials) {
    if (!self->ended_) self->OnRenewed(credentials);
  });
}

void Exchange::OnRenewed(const base::Result<Credentials>& credentials) {
  if (!credentials || *credentials == credentials_) return DeliverRefusal();
  credentials_ = *credentials;
  refusal_.reset();
  parser_.reset();
  TakeConnection(kind_ == ExchangeKind::kStream ? ConnectionUse::kOwn : ConnectionUse::kShared);
}

void Exchange::DeliverRefusal() {
  const Response refusal = std::move(*refusal_);
  refusal_.reset();
  Deliver(refusal.status, refusal.headers);
  OnAnswerBody(refusal.body);
  End({});
}

void Exchange::OnForbidden(Connection&) {
  sent_ = false;  // not as a whole
  End(Fail(base::ErrorCode::kFenced, "Fenced", "not sent: the sender may not write any more"));
}

void Exchange::OnLost(Connection&, bool orderly, const std::string& why) {
  const auto self = shared_from_this();
  const bool repeat = MayBeRepeated();
  if (orderly && parser_->head_done() && parser_->FeedEnd()) return OnAnswerEnd(false);
  host_.pool().Release(std::exchange(connection_, nullptr), false);
  if (repeat) {
    repeated_ = true;
    return TakeConnection(ConnectionUse::kSharedFresh);
  }
  const std::string how = orderly ? "the peer closed the connection" : why;
  End(Fail(base::ErrorCode::kConnection, "ConnectionLost",
           parser_->started() ? "the answer broke off: " + how : "no answer: " + how));
}

// A kept-alive connection may be closed by the peer in the moment in which a request goes out.
// Reading again does no harm.
bool Exchange::MayBeRepeated() const {
  return request_.method == Method::kGet && reused_ && !repeated_ && !parser_->started();
}

void Exchange::OnTotalTimeout() {
  // Of a stream, only the head is waited for; its cancelled timer may have been due already.
  const bool has_head = parser_ && parser_->head_done();
  if (ended_ || (kind_ == ExchangeKind::kStream && has_head && !refusal_)) return;
  if (refusal_ && !connection_) return DeliverRefusal();  // the credentials take too long
  const std::string within = " within " + Seconds(request_.total_timeout);
  if (!connection_) {
    const char* what = ticket_ ? "no connection" : "no credentials";
    return End(Fail(base::ErrorCode::kTimeout, "Timeout", what + within));
  }
  End(Fail(base::ErrorCode::kTimeout, "Timeout",
           (parser_->started() ? "no complete answer" : "no answer") + within));
}

// One timer that looks again, rather than one that is set anew with every chunk.
void Exchange::WaitForSilence(Clock::duration wait) {
  idle_timer_.expires_after(wait);
  idle_timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error || self->ended_) return;
    // While the sink takes nothing, it is not the peer that is silent.
    if (self->paused_) self->last_bytes_ = Clock::now();
    const auto left = self->last_bytes_ + self->request_.idle_timeout - Clock::now();
    if (left > Clock::duration::zero()) return self->WaitForSilence(left);
    self->End(self->Fail(base::ErrorCode::kTimeout, "IdleTimeout",
                         "nothing came for " + Seconds(self->request_.idle_timeout)));
  });
}

void Exchange::Cancel(const std::string& why) {
  if (!ended_) End(Fail(base::ErrorCode::kCancelled, "Cancelled", why));
}

void Exchange::Resume() {
  if (ended_ || !paused_) return;
  paused_ = false;
  last_bytes_ = Clock::now();
  if (connection_) connection_->ResumeReading();
}

void Exchange::End(base::Status status) {
  const auto self = shared_from_this();
  ended_ = true;
  total_timer_.cancel();
  idle_timer_.cancel();
  if (ticket_) host_.pool().GiveUp(*ticket_);
  if (connection_) host_.pool().Release(std::exchange(connection_, nullptr), false);
  host_.OnEnded(self);
  sink_->OnEnd(std::move(status));
}

base::Error Exchange::Fail(base::ErrorCode code, const std::string& reason,
                           const std::string& what) const {
  base::Error error =
      base::MakeError(code, reason,
                      std::string(ToString(request_.method)) + " " + host_.endpoint().ToString() +
                          request_.target + ": " + what);
  error.outcome_unknown = sent_ && request_.method != Method::kGet;
  return error;
}

}  // namespace transport
