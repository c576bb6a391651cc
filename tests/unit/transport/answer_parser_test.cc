#include "operator/transport/answer_parser.h"

#include <gtest/gtest.h>

namespace transport {
namespace {

struct Receiver : AnswerReceiver {
  void OnAnswerHead(int code, Headers with) override {
    ++heads;
    status = code;
    headers = std::move(with);
  }
  void OnAnswerBody(std::string_view bytes) override { body += bytes; }

  int heads = 0, status = 0;
  Headers headers;
  std::string body;
};

// Feeds `bytes` as `first` bytes and then pieces of `piece`.
struct Parsed {
  Parsed(const std::string& bytes, std::size_t first, std::size_t piece,
         AnswerLimits limits = {1000, 1000})
      : parser(limits, receiver) {
    for (std::size_t at = 0, size = first; at < bytes.size() && status; at += size, size = piece) {
      status = parser.Feed(std::string_view(bytes).substr(at, size));
    }
  }
  Receiver receiver;
  AnswerParser parser;
  base::Status status;
};

const std::string kChunked =
    "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n"
    "1\r\na\r\n3;ext=1\r\nbcd\r\n0\r\nTrailer: t\r\n\r\n";
const std::string kEmptyChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
const std::string kSized = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nabcd";

TEST(AnswerParser, ReadsAnAnswerThatIsSplitAtAnyByte) {
  for (std::size_t split = 1; split <= kChunked.size(); ++split) {
    for (const std::size_t piece : {std::size_t{1}, kChunked.size()}) {
      const Parsed parsed(kChunked, split, piece);
      ASSERT_TRUE(parsed.status.ok()) << split << " " << parsed.status.error().message;
      EXPECT_TRUE(parsed.parser.done()) << split;
      EXPECT_TRUE(parsed.parser.reusable()) << split;
      EXPECT_EQ(parsed.receiver.heads, 1);
      EXPECT_EQ(parsed.receiver.status, 200);
      EXPECT_EQ(parsed.receiver.headers.size(), 2u) << "no trailer, no header of the 103";
      EXPECT_EQ(parsed.receiver.body, "abcd") << split;
    }
  }
}

TEST(AnswerParser, ReadsEveryFormOfBodyByteByByte) {
  for (const std::string& bytes : {kEmptyChunked, kSized, kChunked}) {
    const Parsed parsed(bytes, 1, 1);
    ASSERT_TRUE(parsed.status.ok()) << parsed.status.error().message;
    EXPECT_TRUE(parsed.parser.done()) << bytes;
  }
}

TEST(AnswerParser, ABodyWithoutALengthEndsWithTheConnection) {
  Parsed parsed("HTTP/1.1 200 OK\r\n\r\nabc", 5, 5);
  EXPECT_FALSE(parsed.parser.done());
  EXPECT_TRUE(parsed.parser.FeedEnd().ok());
  EXPECT_TRUE(parsed.parser.done());
  EXPECT_FALSE(parsed.parser.reusable());
}

TEST(AnswerParser, AnEndAnywhereElseIsAnError) {
  for (const std::string& bytes : {kSized, kChunked}) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      Parsed parsed(bytes.substr(0, size), bytes.size(), 1);
      EXPECT_FALSE(parsed.parser.FeedEnd().ok()) << size;
    }
  }
}

TEST(AnswerParser, AConnectionIsReusableOnlyIfNothingElseCame) {
  EXPECT_TRUE(Parsed(kSized, 1, 1).parser.reusable());
  EXPECT_FALSE(Parsed(kSized + "H", kSized.size() + 1, 1).parser.reusable());
  EXPECT_FALSE(Parsed(kSized + "H", 1, 1).parser.reusable());
  EXPECT_FALSE(Parsed("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 1, 1)
                   .parser.reusable());
  EXPECT_FALSE(Parsed("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 1, 1).parser.reusable());
}

TEST(AnswerParser, RefusesWhatIsTooLargeOrNoAnswer) {
  struct Case {
    const char* sentence;
    std::string bytes;
    base::ErrorCode code;
  };
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string many(1001, 'x');
  std::string fields = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 200; ++i) fields += "X-Y: 123456\r\n";
  const Case kCases[] = {
      {"a body that is announced", "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
       base::ErrorCode::kTooLarge},
      {"a chunk", chunked + "3e9\r\n" + many, base::ErrorCode::kTooLarge},
      {"chunks", chunked + "3e8\r\n" + many.substr(1) + "\r\n1\r\nx\r\n",
       base::ErrorCode::kTooLarge},
      {"a body without a length", "HTTP/1.1 200 OK\r\n\r\n" + many, base::ErrorCode::kTooLarge},
      {"one field", "HTTP/1.1 200 OK\r\nX: " + many, base::ErrorCode::kTooLarge},
      {"many fields", fields, base::ErrorCode::kTooLarge},
      {"the head of a chunk", chunked + "1;" + many + many, base::ErrorCode::kTooLarge},
      {"a switch of protocols", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
       base::ErrorCode::kProtocol},
      {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
       base::ErrorCode::kProtocol},
      {"a length and chunks",
       "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       base::ErrorCode::kProtocol},
      {"a negative chunk", chunked + "-1\r\nabc\r\n", base::ErrorCode::kProtocol},
      {"a chunk beyond 64 bits", chunked + "fffffffffffffffff\r\nabc\r\n",
       base::ErrorCode::kProtocol},
      {"another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n", base::ErrorCode::kProtocol},
      {"HTTP/2", "HTTP/2 200\r\n\r\n", base::ErrorCode::kProtocol},
  };
  for (const Case& c : kCases) {
    for (const std::size_t piece : {std::size_t{1}, c.bytes.size()}) {
      const Parsed parsed(c.bytes, piece, piece);
      ASSERT_FALSE(parsed.status.ok()) << c.sentence;
      EXPECT_EQ(parsed.status.error().code, c.code)
          << c.sentence << ": " << parsed.status.error().message;
    }
  }
}

}  // namespace
}  // namespace transport
