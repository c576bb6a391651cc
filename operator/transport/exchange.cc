#include "operator/transport/exchange.h"

#include <utility>

namespace transport {
namespace {

using Clock = std::chrono::steady_clock;

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
  if (!credentials) return End(credentials.error());
  token_ = credentials->token;
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
  connection_->Write(host_.Serialize(request_, token_));
}

void Exchange::OnBytes(Connection&, std::string_view bytes) {
  const auto self = shared_from_this();  // End drops the last other reference
  last_bytes_ = Clock::now();
  if (base::Status parsed = parser_->Feed(bytes); !parsed) {
    const base::Error& error = parsed.error();
    return End(Fail(error.code, error.reason, error.message));
  }
  if (parser_->done()) return OnAnswerEnd();
  if (paused_) connection_->PauseReading();
}

void Exchange::OnAnswerHead(int status, Headers headers) {
  if (status == 401) host_.OnUnauthorized(token_);
  if (kind_ == ExchangeKind::kStream) {
    total_timer_.cancel();
    WaitForSilence(request_.idle_timeout);
  }
  sink_->OnHead(status, headers);
}

void Exchange::OnAnswerBody(std::string_view bytes) {
  if (!sink_->OnData(bytes)) paused_ = true;
}

void Exchange::OnAnswerEnd() {
  // An early answer (413, say) may come while the request is still being written.
  const bool reusable = parser_->reusable() && !connection_->writing();
  host_.pool().Release(std::exchange(connection_, nullptr), reusable);
  End({});
}

void Exchange::OnLost(Connection&, bool orderly, const std::string& why) {
  const auto self = shared_from_this();
  const bool repeat = MayBeRepeated();
  host_.pool().Release(std::exchange(connection_, nullptr), false);
  if (orderly && parser_->head_done() && parser_->FeedEnd()) return End({});
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
  if (ended_ || (kind_ == ExchangeKind::kStream && has_head)) return;
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
