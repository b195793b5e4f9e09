// Holds our parsers against http-parser 2.9, which shares no line with ours: both read some hundred thousand mutations
// of a few messages. What both accept they must read alike; where only one of them accepts, the difference must be one
// of those listed below with their reasons. A listed difference that no longer shows is a failure as well.
#include <gtest/gtest.h>
#include <http_parser.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/http/body_framing.hpp"
#include "core/http/character_class.hpp"
#include "core/http/head_parser.hpp"

namespace fairlead::http {
namespace {

enum class Outcome { complete, incomplete, refused };

struct Reading {
  Outcome outcome = Outcome::incomplete;
  std::string why;    ///< it was refused
  std::string start;  ///< method and target, or the status
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  bool keep_alive = false;
  std::size_t size = 0;
};

// Ours

template <class Head>
void read_body(std::string_view bytes, const Head& head, const Result<BodyFraming>& framing, Reading& reading) {
  reading.keep_alive = head.keep_alive;
  reading.size = head.size;
  for (const Field& field : head.fields) {
    reading.fields.emplace_back(field.name, field.value);
  }
  if (!framing) {
    reading.outcome = Outcome::refused;
    reading.why = framing.error().detail;
    return;
  }
  BodyDecoder decoder(*framing);
  while (reading.size < bytes.size() && !decoder.finished()) {
    const Result<BodyDecoder::Step> step = decoder.next(bytes.substr(reading.size));
    if (!step) {
      reading.outcome = Outcome::refused;
      reading.why = step.error().detail;
      return;
    }
    reading.body += step->data;
    reading.size += step->consumed;
  }
  reading.outcome = decoder.finished() ? Outcome::complete : Outcome::incomplete;
}

template <class Parser>
bool has_ended(ParseStatus status, const Parser& parser, Reading& reading) {
  if (status == ParseStatus::failed) {
    reading.outcome = Outcome::refused;
    reading.why = parser.error().detail;
  }
  return status != ParseStatus::complete;
}

Reading read_request(std::string_view bytes) {
  const HeadLimits limits;
  RequestHead head;
  RequestHeadParser parser(limits, head);
  Reading reading;
  if (has_ended(parser.parse(bytes), parser, reading)) {
    return reading;
  }
  reading.start.append(head.method_text).append(" ").append(head.target);
  read_body(bytes, head, request_framing(head), reading);
  return reading;
}

Reading read_response(std::string_view bytes) {
  const HeadLimits limits;
  ResponseHead head;
  ResponseHeadParser parser(limits, head);
  Reading reading;
  if (has_ended(parser.parse(bytes), parser, reading)) {
    return reading;
  }
  reading.start = std::to_string(head.status);
  read_body(bytes, head, response_framing(head, Method::get), reading);
  return reading;
}

// Theirs

struct Collector {
  Reading reading;
  bool in_value = false;
  bool in_trailers = false;
};

Collector& collector_of(http_parser* parser) {
  return *static_cast<Collector*>(parser->data);
}

int on_target(http_parser* parser, const char* at, std::size_t size) {
  collector_of(parser).reading.start.append(at, size);
  return 0;
}

int on_name(http_parser* parser, const char* at, std::size_t size) {
  Collector& collector = collector_of(parser);
  if (collector.in_value || collector.reading.fields.empty()) {
    collector.reading.fields.emplace_back();
  }
  collector.in_value = false;
  collector.reading.fields.back().first.append(at, size);
  return 0;
}

int on_value(http_parser* parser, const char* at, std::size_t size) {
  Collector& collector = collector_of(parser);
  collector.in_value = true;
  collector.reading.fields.back().second.append(at, size);
  return 0;
}

int on_body(http_parser* parser, const char* at, std::size_t size) {
  collector_of(parser).reading.body.append(at, size);
  return 0;
}

int on_head_end(http_parser* parser) {
  Reading& reading = collector_of(parser).reading;
  const std::string method = http_method_str(static_cast<http_method>(parser->method));
  reading.start = parser->type == HTTP_REQUEST ? method + " " + reading.start : std::to_string(parser->status_code);
  reading.keep_alive = http_should_keep_alive(parser) != 0;
  collector_of(parser).in_trailers = true;
  return 0;
}

int on_message_end(http_parser* parser) {
  collector_of(parser).reading.outcome = Outcome::complete;
  http_parser_pause(parser, 1);
  return 0;
}

Reading read_by_http_parser(std::string_view bytes, http_parser_type type) {
  http_parser_settings settings;
  http_parser_settings_init(&settings);
  settings.on_url = on_target;
  settings.on_header_field = [](http_parser* p, const char* at, std::size_t size) {
    return collector_of(p).in_trailers ? 0 : on_name(p, at, size);
  };
  settings.on_header_value = [](http_parser* p, const char* at, std::size_t size) {
    return collector_of(p).in_trailers ? 0 : on_value(p, at, size);
  };
  settings.on_body = on_body;
  settings.on_headers_complete = on_head_end;
  settings.on_message_complete = on_message_end;
  Collector collector;
  http_parser parser;
  http_parser_init(&parser, type);
  parser.data = &collector;
  const std::size_t consumed = http_parser_execute(&parser, &settings, bytes.data(), bytes.size());
  Reading& reading = collector.reading;
  if (reading.outcome != Outcome::complete && HTTP_PARSER_ERRNO(&parser) != HPE_OK) {
    reading.outcome = Outcome::refused;
    reading.why = http_errno_name(HTTP_PARSER_ERRNO(&parser));
  }
  reading.size = consumed;
  for (auto& [name, value] : reading.fields) {
    value = trim_blanks(value);
  }
  return reading;
}

// Messages

const std::vector<std::string>& requests() {
  static const std::vector<std::string> messages = {
      "GET /a/b?c=d HTTP/1.1\r\nHost: example.com:80\r\nX-One:  1 \r\n\r\n",
      "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\nConnection: close\r\n\r\nhello, world",
      "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0B\r\n, the "
      "world\r\n0\r\nX-Sum: 1\r\n\r\n",
      "PUT http://b:81/x?y HTTP/1.1\r\nHost: b:81\r\n\r\n",
      "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\nVia: 1.1 x\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      "GET / HTTP/1.1\r\nX: y\r\n\r\n",
      "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n folded\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: other\r\nContent-Length: 1\r\n\r\nx",
      "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
      "PURGE /x HTTP/1.1\r\nHost: a\r\n\r\n",
  };
  return messages;
}

const std::vector<std::string>& responses() {
  static const std::vector<std::string> messages = {
      "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3;x=\"y\"\r\nabc\r\n0\r\n\r\n",
      "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nab",
      "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 9\r\n\r\n",
      "HTTP/1.1 204 No Content\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: y\r\n folded\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc",
  };
  return messages;
}

/// The message itself, then with each byte left out, doubled, replaced, and with each byte put before it.
template <class Visit>
void for_each_mutation(const std::string& message, Visit visit) {
  static constexpr char text[] = "\0\t\n\x0b\r\x1f \"#+,-./0159:;<=@AFGT\\^_`aekz{|~\x7f\x80\xff";
  static constexpr std::string_view bytes(text, sizeof(text) - 1);
  visit(message);
  for (std::size_t at = 0; at < message.size(); ++at) {
    std::string mutated = message;
    visit(mutated.erase(at, 1));
    for (const char byte : std::string(bytes) + message[at]) {
      mutated = message;
      mutated[at] = byte;
      visit(mutated);
      visit(mutated.insert(at + 1, 1, message[at]));
    }
  }
}

using Differences = std::map<std::string, std::string>;

/// What was seen, in the terms of a Difference, and one message that shows it.
using Seen = std::map<std::string, std::string>;

std::string difference_of(const Reading& ours, const Reading& theirs) {
  if (ours.outcome == Outcome::refused) {
    return theirs.outcome == Outcome::complete ? "only http-parser accepts: " + ours.why : "";
  }
  if (theirs.outcome == Outcome::refused) {
    return "only fairlead accepts: " + theirs.why;
  }
  if (ours.outcome != theirs.outcome) {
    return ours.outcome == Outcome::complete ? "only fairlead sees an end" : "only http-parser sees an end";
  }
  if (ours.outcome == Outcome::incomplete) {
    return "";
  }
  if (ours.start != theirs.start || ours.fields != theirs.fields) {
    return "the heads differ";
  }
  if (ours.body != theirs.body) {
    return "the bodies differ";
  }
  return ours.keep_alive == theirs.keep_alive ? "" : "persistence differs";
}

template <class Read>
Seen differences_over(const std::vector<std::string>& messages, Read read, http_parser_type type) {
  Seen seen;
  for (const std::string& message : messages) {
    for_each_mutation(message, [&](const std::string& mutated) {
      const std::string difference = difference_of(read(mutated), read_by_http_parser(mutated, type));
      if (!difference.empty()) {
        seen.emplace(difference, mutated);
      }
    });
  }
  return seen;
}

void expect_only(const Differences& expected, const Seen& seen) {
  for (const auto& [difference, message] : seen) {
    EXPECT_TRUE(expected.contains(difference)) << difference << "\nin " << ::testing::PrintToString(message);
  }
  for (const auto& [difference, reason] : expected) {
    EXPECT_TRUE(seen.contains(difference)) << "no longer seen: " << difference << " (" << reason << ")";
  }
}

/// By what is different; the reason is for the reader. http-parser as packaged isn't built in its strict mode.
Differences differences_in_both() {
  return {
      {"only fairlead accepts: HPE_INVALID_CONTENT_LENGTH",
       "it doesn't allow a tab behind the number, RFC 9110 5.5 does"},
      {"only fairlead accepts: HPE_UNEXPECTED_CONTENT_LENGTH", "it takes Transfer-EncodinGg for Transfer-Encoding"},
      {"only http-parser accepts: HTTP/1.0 has no Transfer-Encoding", "RFC 9112 6.1: the framing is faulty"},
      {"only http-parser accepts: a blank stands in or behind a field name", "RFC 9112 5.1: refuse it"},
      {"only http-parser accepts: a carriage return stands alone", "RFC 9112 2.2: it is no line end"},
      {"only http-parser accepts: a carriage return stands alone in a chunk's size line", "RFC 9112 2.2, 7.1"},
      {"only http-parser accepts: a carriage return stands alone in a trailer", "RFC 9112 2.2, 7.1.2"},
      {"only http-parser accepts: a chunk doesn't end with a line end", "RFC 9112 7.1: it skips any two bytes"},
      {"only http-parser accepts: a chunk extension has a control byte", "RFC 9112 7.1.1: smuggling by line feed"},
      {"only http-parser accepts: a chunk is longer than its size", "RFC 9112 7.1: it skips any two bytes"},
      {"only http-parser accepts: a chunk size isn't hexadecimal", "RFC 9112 7.1: it skips a byte above 0x7f"},
      {"only http-parser accepts: a field line has no colon", "RFC 9112 2.2: a line feed alone ends its lines"},
      {"only http-parser accepts: a field line is folded", "RFC 9112 5.2: refuse it or replace it"},
      {"only http-parser accepts: a field value has a control byte", "RFC 9110 5.5: invalid and dangerous"},
      {"only http-parser accepts: a line ends without carriage return", "RFC 9112 2.2 permits, we don't"},
      {"only http-parser accepts: a trailer isn't a field line", "RFC 9112 7.1.2: a line feed alone ends its lines"},
      {"persistence differs", "it loses a Connection option behind an empty list member"},
  };
}

TEST(Differential, ReadsRequestsAsHttpParserDoesButForListedDifferences) {
  Differences expected = differences_in_both();
  expected.merge(Differences{
      {"only fairlead accepts: HPE_INVALID_METHOD", "it has a list of methods, we pass any token"},
      {"only fairlead accepts: HPE_INVALID_TRANSFER_ENCODING", "it doesn't allow a tab behind `chunked`"},
      {"only http-parser accepts: a framing field is repeated", "we take one Transfer-Encoding field only"},
      {"only http-parser accepts: only HTTP/1.1 and HTTP/1.0 are spoken here", "it takes any digits"},
      {"only http-parser accepts: the Host field isn't a host with an optional port", "RFC 9112 3.2: it doesn't look"},
      {"only http-parser accepts: the Transfer-Encoding isn't chunked", "RFC 9112 6.1: it looks for a last `chunked`"},
      {"only http-parser accepts: the only expectation that can be met is 100-continue", "RFC 9110 10.1.1: a 417"},
      {"only http-parser accepts: the only transfer coding spoken here is chunked", "RFC 9112 6.1: a 501"},
      {"only http-parser accepts: the request line doesn't end behind the version", "RFC 9112 3: blanks, line feeds"},
      {"only http-parser accepts: the request line doesn't start with a method and a space", "RFC 9112 2.2, 3"},
      {"only http-parser accepts: the request line has no version of HTTP", "RFC 9112 3: several blanks, HTTP/0.9"},
      {"only http-parser accepts: the request target has a byte that isn't allowed", "RFC 9112 3.2: blanks and '#'"},
      {"only http-parser accepts: the request target has none of the forms that are allowed", "RFC 9112 3.2"},
      {"only http-parser accepts: there is more than one Host field", "RFC 9112 3.2: a 400"},
      {"only http-parser accepts: there is no Host field", "RFC 9112 3.2: a 400"},
      {"only http-parser accepts: tunnels are not offered", "a policy of ours"},
  });
  expect_only(expected, differences_over(requests(), read_request, HTTP_REQUEST));
}

TEST(Differential, ReadsResponsesAsHttpParserDoesButForListedDifferences) {
  Differences expected = differences_in_both();
  expected.merge(Differences{
      {"only fairlead sees an end", "a tab behind `chunked` hides it from http-parser"},
      {"only http-parser accepts: an interim response announces a body", "RFC 9110 15.2: it has none"},
      {"only http-parser accepts: the backend's reason phrase has a control byte", "RFC 9112 4"},
      {"only http-parser accepts: the backend's status line isn't one of HTTP/1.1 or HTTP/1.0", "RFC 9112 4"},
  });
  expect_only(expected, differences_over(responses(), read_response, HTTP_RESPONSE));
}

}  // namespace
}  // namespace fairlead::http
