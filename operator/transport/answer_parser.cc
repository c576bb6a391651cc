#include "operator/transport/answer_parser.h"

#include <optional>
#include <string>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace transport {
namespace {

namespace http = boost::beast::http;
using ErrorCode = boost::beast::error_code;
using View = boost::beast::string_view;

std::string_view ToStd(View view) { return {view.data(), view.size()}; }

// One head with its body; a 1xx is a message of its own.
class Message final : public http::basic_parser<false> {
 public:
  Message(const AnswerLimits& limits, AnswerReceiver& receiver)
      : receiver_(receiver), header_room_(limits.header_bytes) {
    header_limit(limits.header_bytes);
    body_limit(limits.body_bytes);
    eager(true);
  }

  int status() const { return code_; }
  bool informational() const { return code_ >= 100 && code_ < 200; }

 private:
  void on_request_impl(http::verb, View, View, int, ErrorCode&) override {}
  void on_response_impl(int code, View, int, ErrorCode&) override { code_ = code; }
  void on_field_impl(http::field, View name, View value, ErrorCode& error) override {
    if (is_header_done()) return;  // a trailer
    // header_limit() bounds one field only.
    const std::size_t size = name.size() + value.size();
    if (size > header_room_) {
      error = http::error::header_limit;
      return;
    }
    header_room_ -= size;
    headers_.emplace_back(ToStd(name), ToStd(value));
  }
  void on_header_impl(ErrorCode&) override {
    if (!informational()) receiver_.OnAnswerHead(code_, std::move(headers_));
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(View body, ErrorCode&) override {
    receiver_.OnAnswerBody(ToStd(body));
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, View, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View body, ErrorCode&) override {
    receiver_.OnAnswerBody(ToStd(body));
    return body.size();
  }
  void on_finish_impl(ErrorCode&) override {}

  AnswerReceiver& receiver_;
  std::size_t header_room_;
  int code_ = 0;
  Headers headers_;
};

base::Error Describe(const ErrorCode& error, const AnswerLimits& limits) {
  if (error == http::error::body_limit) {
    return base::MakeError(
        base::ErrorCode::kTooLarge, kBodyTooLarge,
        "the answer is larger than " + std::to_string(limits.body_bytes) + " bytes");
  }
  if (error == http::error::header_limit) {
    return base::MakeError(
        base::ErrorCode::kTooLarge, "HeaderTooLarge",
        "the head of the answer is larger than " + std::to_string(limits.header_bytes) + " bytes");
  }
  return base::MakeError(base::ErrorCode::kProtocol, "InvalidAnswer",
                         "the answer is not HTTP: " + error.message());
}

}  // namespace

class AnswerParser::Impl {
 public:
  Impl(AnswerLimits limits, AnswerReceiver& receiver) : limits_(limits), receiver_(receiver) {
    message_.emplace(limits_, receiver_);
  }

  base::Status Feed(std::string_view bytes) {
    started_ = started_ || !bytes.empty();
    if (done_) {
      excess_ = excess_ || !bytes.empty();
      return {};
    }
    if (pending_.empty()) return Consume(bytes);
    std::string joined = std::move(pending_);
    joined += bytes;
    return Consume(joined);
  }

  base::Status FeedEnd() {
    ErrorCode error = http::error::partial_message;
    if (message_->got_some() && pending_.empty()) message_->put_eof(error);
    if (error) return Describe(error, limits_);
    done_ = true;
    return {};
  }

  bool started() const { return started_; }
  bool head_done() const { return message_->is_header_done() && !message_->informational(); }
  bool done() const { return done_; }
  bool reusable() const { return done_ && !excess_ && message_->keep_alive(); }

 private:
  base::Status Consume(std::string_view input) {
    while (!done_ && !input.empty()) {
      // Whatever follows a head takes at least the five bytes of the last chunk; Beast asserts that
      // it sees them at once.
      if (message_->is_header_done() && message_->chunked() && input.size() < 5) break;
      ErrorCode error;
      input.remove_prefix(message_->put({input.data(), input.size()}, error));
      if (error == http::error::need_more) break;
      if (error) return Describe(error, limits_);
      if (message_->is_done()) {
        if (base::Status ended = EndMessage(); !ended) return ended;
      }
    }
    if (!done_ && input.size() > limits_.header_bytes) {
      return Describe(http::error::header_limit, limits_);
    }
    excess_ = done_ && !input.empty();
    pending_ = input;
    return {};
  }

  base::Status EndMessage() {
    if (message_->status() == 101) {
      return base::MakeError(base::ErrorCode::kProtocol, "InvalidAnswer",
                             "the peer switched to another protocol, which nobody asked for");
    }
    if (message_->informational()) {
      message_.emplace(limits_, receiver_);
    } else {
      done_ = true;
    }
    return {};
  }

  const AnswerLimits limits_;
  AnswerReceiver& receiver_;
  std::optional<Message> message_;
  std::string pending_;  // a head or chunk head that is not complete yet
  bool started_ = false;
  bool done_ = false;
  bool excess_ = false;
};

AnswerParser::AnswerParser(AnswerLimits limits, AnswerReceiver& receiver)
    : impl_(std::make_unique<Impl>(limits, receiver)) {}
AnswerParser::~AnswerParser() = default;

base::Status AnswerParser::Feed(std::string_view bytes) { return impl_->Feed(bytes); }
base::Status AnswerParser::FeedEnd() { return impl_->FeedEnd(); }
bool AnswerParser::started() const { return impl_->started(); }
bool AnswerParser::head_done() const { return impl_->head_done(); }
bool AnswerParser::done() const { return impl_->done(); }
bool AnswerParser::reusable() const { return impl_->reusable(); }

}  // namespace transport
