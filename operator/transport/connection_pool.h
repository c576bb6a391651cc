#pragma once

// The connections of one transport. Requests share at most `max_connections`, the latest used
// first, so that the others grow old and are closed; each stream has a connection of its own. Lives
// on the I/O thread, except `stats`.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "operator/base/result.h"
#include "operator/transport/connection.h"

namespace transport {

enum class ConnectionUse {
  kShared,       // any
  kSharedFresh,  // any but an idle one, which may turn out to be closed
  kOwn,          // a new one, never shared
};

struct PoolOptions {
  std::size_t max_connections = 64;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds keep_alive{90'000};
};

class ConnectionPool : private Connection::User {
 public:
  using ConnectionPtr = std::shared_ptr<Connection>;
  struct Taken {
    ConnectionPtr connection;
    bool reused = false;
  };
  using Callback = std::function<void(base::Result<Taken>)>;
  using Ticket = std::uint64_t;

  ConnectionPool(boost::asio::io_context& io, Endpoint endpoint, PoolOptions options);

  // For connections made from now on; null for plain TCP. Idle ones with another context are
  // closed.
  void SetTls(std::shared_ptr<TlsContext> tls);
  const std::shared_ptr<TlsContext>& tls() const { return tls_; }

  // Calls back once, unless given up before: when a connection is there, or could not be made. May
  // call back before it has returned.
  Ticket Take(ConnectionUse use, Callback callback);
  void GiveUp(Ticket ticket);

  // Back from a user. Not `reusable`: it is closed.
  void Release(const ConnectionPtr& connection, bool reusable);

  // Closes everything, also what is being opened; nobody is called back.
  void Close();

  std::size_t open_connections() const { return open_connections_; }
  std::size_t connects_total() const { return connects_total_; }

 private:
  struct Idle {
    ConnectionPtr connection;
    std::chrono::steady_clock::time_point since;
  };

  ConnectionPtr TakeIdle();
  void Open(Ticket ticket, bool own);
  void OnOpened(Ticket ticket, const ConnectionPtr& connection, const base::Status& status);
  void Forget(const ConnectionPtr& connection);
  void ServeNext();
  bool CallBack(Ticket ticket, base::Result<Taken> taken);
  void CloseOldestIdle();
  void ExpireIdle();

  void OnBytes(Connection& connection, std::string_view bytes) override;
  void OnLost(Connection& connection, bool orderly, const std::string& why) override;

  boost::asio::io_context& io_;
  const Endpoint endpoint_;
  const PoolOptions options_;
  std::shared_ptr<TlsContext> tls_;
  std::list<Idle> idle_;            // the latest used at the back
  std::set<ConnectionPtr> shared_;  // all that count against the bound
  std::set<ConnectionPtr> own_;
  std::map<Ticket, Callback> callers_;  // everyone who is to be called back
  std::set<Ticket> waiting_;  // those of them for whom no connection is being opened, in order
  Ticket last_ticket_ = 0;
  boost::asio::steady_timer expiry_;
  bool expiry_set_ = false;
  std::atomic<std::size_t> open_connections_{0};
  std::atomic<std::size_t> connects_total_{0};
};

}  // namespace transport
