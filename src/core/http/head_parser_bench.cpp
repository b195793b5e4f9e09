// What the HTTP core costs a request: reading a browser's head, framing it, writing the head for the backend, and the
// same for a plain answer. Bytes a second are of the input.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "core/http/body_framing.hpp"
#include "core/http/forwarding.hpp"
#include "core/http/head_parser.hpp"

namespace fairlead::http {
namespace {

constexpr std::string_view browser_request =
    "GET /shop/articles/2024/overview?category=books&sort=price&page=3 HTTP/1.1\r\n"
    "Host: www.shop.example\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Accept-Language: en-GB,en;q=0.7,de;q=0.3\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Referer: https://www.shop.example/shop/articles/2024\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: session=8f14e45fceea167a5a36dedd4bea2543; consent=1; theme=dark; "
    "basket=0f2c9a93eea6f38fabb3acb1c31488c6\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Sec-Fetch-User: ?1\r\n"
    "If-None-Match: \"5f3c-61a2b\"\r\n"
    "Priority: u=0, i\r\n"
    "\r\n";

constexpr std::string_view plain_response =
    "HTTP/1.1 200 OK\r\n"
    "Server: nginx\r\n"
    "Date: Tue, 01 Jul 2025 10:00:00 GMT\r\n"
    "Content-Type: text/html; charset=utf-8\r\n"
    "Content-Length: 5120\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: private, max-age=0\r\n"
    "Vary: Accept-Encoding\r\n"
    "\r\n";

void count_bytes(benchmark::State& state, std::string_view bytes) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(bytes.size()));
}

void parse_request(benchmark::State& state) {
  const HeadLimits limits;
  RequestHead head;
  for (auto _ : state) {
    RequestHeadParser parser(limits, head);
    benchmark::DoNotOptimize(parser.parse(browser_request));
  }
  count_bytes(state, browser_request);
}
BENCHMARK(parse_request);

void parse_response(benchmark::State& state) {
  const HeadLimits limits;
  ResponseHead head;
  for (auto _ : state) {
    ResponseHeadParser parser(limits, head);
    benchmark::DoNotOptimize(parser.parse(plain_response));
  }
  count_bytes(state, plain_response);
}
BENCHMARK(parse_response);

void forward_request(benchmark::State& state) {
  const HeadLimits limits;
  RequestHead head;
  RequestHeadParser parser(limits, head);
  parser.parse(browser_request);
  const UpstreamTarget target{head.path, head.query, head.has_query, "127.0.0.1:6001"};
  const ClientOrigin client{"192.0.2.1", false, "http"};
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_upstream_request(out, head, target, request_framing(head).value_or(BodyFraming{}), client);
    benchmark::DoNotOptimize(out.data());
  }
  count_bytes(state, browser_request);
}
BENCHMARK(forward_request);

void forward_response(benchmark::State& state) {
  const HeadLimits limits;
  ResponseHead head;
  ResponseHeadParser parser(limits, head);
  parser.parse(plain_response);
  const DownstreamFraming framing{.kind = BodyKind::length, .length = 5120};
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_downstream_response(out, head, framing, "http://127.0.0.1:6001");
    benchmark::DoNotOptimize(out.data());
  }
  count_bytes(state, plain_response);
}
BENCHMARK(forward_response);

void decode_chunks(benchmark::State& state) {
  std::string body;
  for (int i = 0; i < 16; ++i) {
    body.append("1000\r\n").append(4096, 'x').append("\r\n");
  }
  body.append("0\r\n\r\n");
  for (auto _ : state) {
    BodyDecoder decoder({BodyKind::chunked, 0});
    std::string_view rest = body;
    while (!decoder.finished()) {
      rest.remove_prefix(decoder.next(rest).value_or(BodyDecoder::Step{rest.size(), {}}).consumed);
    }
    benchmark::DoNotOptimize(rest.data());
  }
  count_bytes(state, body);
}
BENCHMARK(decode_chunks);

}  // namespace
}  // namespace fairlead::http
