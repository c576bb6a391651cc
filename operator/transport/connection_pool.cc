#include "operator/transport/connection_pool.h"

#include <algorithm>
#include <utility>

namespace transport {

ConnectionPool::ConnectionPool(boost::asio::io_context& io, Endpoint endpoint, PoolOptions options)
    : io_(io), endpoint_(std::move(endpoint)), options_(options), expiry_(io) {}

void ConnectionPool::SetTls(std::shared_ptr<TlsContext> tls) {
  tls_ = std::move(tls);
  while (!idle_.empty()) CloseOldestIdle();
}

ConnectionPool::Ticket ConnectionPool::Take(ConnectionUse use, Callback callback) {
  const Ticket ticket = ++last_ticket_;
  callers_.emplace(ticket, std::move(callback));
  if (use == ConnectionUse::kOwn) {
    Open(ticket, true);
    return ticket;
  }
  if (use == ConnectionUse::kShared) {
    if (ConnectionPtr connection = TakeIdle()) {
      CallBack(ticket, Taken{std::move(connection), true});
      return ticket;
    }
  }
  if (shared_.size() >= options_.max_connections && !idle_.empty()) CloseOldestIdle();
  if (shared_.size() < options_.max_connections) {
    Open(ticket, false);
  } else {
    waiting_.insert(ticket);
  }
  return ticket;
}

void ConnectionPool::GiveUp(Ticket ticket) {
  callers_.erase(ticket);
  waiting_.erase(ticket);
}

// One on which there is something to read is left alone: the reading that is under way will show
// its end. A session ticket of TLS 1.3 looks the same from here, and is gone a moment later.
ConnectionPool::ConnectionPtr ConnectionPool::TakeIdle() {
  for (auto it = idle_.rbegin(); it != idle_.rend(); ++it) {
    if (it->connection->Readable()) continue;
    ConnectionPtr connection = std::move(it->connection);
    idle_.erase(std::next(it).base());
    connection->SetUser(nullptr);
    return connection;
  }
  return nullptr;
}

void ConnectionPool::Open(Ticket ticket, bool own) {
  auto connection = std::make_shared<Connection>(io_, endpoint_, tls_);
  (own ? own_ : shared_).insert(connection);
  ++connects_total_;
  connection->Open(options_.connect_timeout,
                   [this, ticket, connection](const base::Status& status) {
                     OnOpened(ticket, connection, status);
                   });
}

void ConnectionPool::OnOpened(Ticket ticket, const ConnectionPtr& connection,
                              const base::Status& status) {
  if (!status) {
    Forget(connection);
    CallBack(ticket, status.error());
    return ServeNext();
  }
  ++open_connections_;
  // The caller may have given up: then it is good for another one.
  if (!CallBack(ticket, Taken{connection, false})) Release(connection, true);
}

bool ConnectionPool::CallBack(Ticket ticket, base::Result<Taken> taken) {
  const auto it = callers_.find(ticket);
  if (it == callers_.end()) return false;
  const Callback callback = std::move(it->second);
  callers_.erase(it);
  callback(std::move(taken));
  return true;
}

void ConnectionPool::Forget(const ConnectionPtr& connection) {
  own_.erase(connection);
  shared_.erase(connection);
}

void ConnectionPool::Release(const ConnectionPtr& connection, bool reusable) {
  connection->SetUser(nullptr);
  const bool keep =
      reusable && connection->open() && connection->tls() == tls_ && shared_.contains(connection);
  if (!keep) {
    if (reusable) {
      connection->Close();
    } else {
      connection->Abort();
    }
    --open_connections_;
    Forget(connection);
    return ServeNext();
  }
  if (!waiting_.empty()) {
    const Ticket next = *waiting_.begin();
    waiting_.erase(waiting_.begin());
    CallBack(next, Taken{connection, true});
    return;
  }
  connection->SetUser(this);
  idle_.push_back({connection, std::chrono::steady_clock::now()});
  if (!expiry_set_) ExpireIdle();
}

void ConnectionPool::ServeNext() {
  if (waiting_.empty() || shared_.size() >= options_.max_connections) return;
  const Ticket next = *waiting_.begin();
  waiting_.erase(waiting_.begin());
  Open(next, false);
}

void ConnectionPool::CloseOldestIdle() {
  const ConnectionPtr connection = std::move(idle_.front().connection);
  idle_.pop_front();
  connection->Close();
  --open_connections_;
  Forget(connection);
}

// Closes what has been idle for too long and comes again when the next one is due.
void ConnectionPool::ExpireIdle() {
  const auto now = std::chrono::steady_clock::now();
  while (!idle_.empty() && now - idle_.front().since >= options_.keep_alive) CloseOldestIdle();
  expiry_set_ = !idle_.empty();
  if (!expiry_set_) return;
  expiry_.expires_at(idle_.front().since + options_.keep_alive);
  expiry_.async_wait([this](const boost::system::error_code& error) {
    if (!error) ExpireIdle();
  });
}

void ConnectionPool::Close() {
  callers_.clear();
  waiting_.clear();
  idle_.clear();
  expiry_.cancel();
  for (const auto* connections : {&shared_, &own_}) {
    for (const auto& connection : *connections) connection->Abort();
  }
  shared_.clear();
  own_.clear();
  open_connections_ = 0;
}

// Bytes that nobody has asked for: the peer has lost track of whose turn it is.
void ConnectionPool::OnBytes(Connection& connection, std::string_view) {
  OnLost(connection, false, "unexpected bytes");
}

void ConnectionPool::OnLost(Connection& connection, bool, const std::string&) {
  const auto it = std::find_if(idle_.begin(), idle_.end(), [&](const Idle& idle) {
    return idle.connection.get() == &connection;
  });
  if (it == idle_.end()) return;
  const ConnectionPtr held = std::move(it->connection);
  idle_.erase(it);
  held->Close();
  --open_connections_;
  Forget(held);
}

}  // namespace transport
