#pragma once

// One request and its answer over a connection of the pool: credentials, connection, sending,
// reading, time-outs, and the two cases in which a request is sent again: a read whose kept-alive
// connection was closed, and anything that was answered 401 when there are other credentials. Lives
// on the I/O thread.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "operator/base/result.h"
#include "operator/transport/answer_parser.h"
#include "operator/transport/connection_pool.h"
#include "operator/transport/credentials.h"
#include "operator/transport/transport.h"

namespace transport {

class Exchange;

// What an exchange needs of its transport, which outlives it.
class ExchangeHost {
 public:
  virtual ~ExchangeHost() = default;
  virtual boost::asio::io_context& io() = 0;
  virtual ConnectionPool& pool() = 0;
  // Calls back on the I/O thread, possibly at once; connections of the pool are made with these
  // credentials by then.
  virtual void GetCredentials(CredentialSource::Callback callback) = 0;
  virtual void OnUnauthorized(const std::string& token) = 0;
  // The request as it goes over the wire.
  virtual std::string Serialize(const Request& request, const std::string& token) const = 0;
  virtual const Endpoint& endpoint() const = 0;
  // It has ended, its sink has not been told yet.
  virtual void OnEnded(const std::shared_ptr<Exchange>& exchange) = 0;
};

enum class ExchangeKind { kUnary, kStream };

class Exchange : public std::enable_shared_from_this<Exchange>,
                 private Connection::User,
                 private AnswerReceiver {
 public:
  Exchange(ExchangeHost& host, ExchangeKind kind, Request request, std::shared_ptr<StreamSink> sink,
           AnswerLimits limits);

  void Start();
  // Ends it now with kCancelled; nothing if it has ended.
  void Cancel(const std::string& why);
  void Resume();

 private:
  void OnCredentials(base::Result<Credentials> credentials);
  void RenewCredentials();
  void OnRenewed(const base::Result<Credentials>& credentials);
  void DeliverRefusal();
  void Deliver(int status, const Headers& headers);
  void TakeConnection(ConnectionUse use);
  void OnConnection(base::Result<ConnectionPool::Taken> taken);
  void OnTotalTimeout();
  void WaitForSilence(std::chrono::steady_clock::duration wait);
  void OnAnswerEnd(bool reusable);
  void End(base::Status status);
  bool MayBeRepeated() const;
  base::Error Fail(base::ErrorCode code, const std::string& reason, const std::string& what) const;

  void OnBytes(Connection& connection, std::string_view bytes) override;
  void OnLost(Connection& connection, bool orderly, const std::string& why) override;
  void OnForbidden(Connection& connection) override;
  void OnAnswerHead(int status, Headers headers) override;
  void OnAnswerBody(std::string_view bytes) override;

  ExchangeHost& host_;
  const ExchangeKind kind_;
  const Request request_;
  const std::shared_ptr<StreamSink> sink_;
  const AnswerLimits limits_;
  boost::asio::steady_timer total_timer_;
  boost::asio::steady_timer idle_timer_;
  std::chrono::steady_clock::time_point last_bytes_;
  Credentials credentials_;
  std::optional<Response> refusal_;  // a 401, kept until it is known whether it is the answer
  std::optional<ConnectionPool::Ticket> ticket_;
  std::shared_ptr<Connection> connection_;
  std::optional<AnswerParser> parser_;
  bool reused_ = false;    // the connection has served others before
  bool repeated_ = false;  // this is the second sending
  bool renewed_ = false;   // the credentials were asked for again
  bool sent_ = false;      // bytes may have reached the peer
  bool paused_ = false;    // by the sink
  bool ended_ = false;
};

}  // namespace transport
