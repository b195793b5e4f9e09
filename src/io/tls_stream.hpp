// TLS over a connected PlainStream, the client's end: handshake() first, then reads and writes as with any stream.
// OpenSSL works on memory (two BIOs); ciphertext moves by two operations of our own on the transport's socket, and what
// awaits us completes by way of the engine's list, as if the engine had done it. While nothing comes, no buffer is
// held. The server's name is checked unless the context says otherwise. A stream that ends without TLS' own end
// (close_notify) is an error, reset: somebody may have cut it.
// Thread rule: one loop thread. Lifetime: as Stream; may go at once after close().
#pragma once

#include <memory>
#include <string>

#include "io/stream.hpp"
#include "io/tls_context.hpp"

struct ssl_st;
struct bio_st;

namespace fairlead::io {

class TlsStream final : public Stream {
 public:
  /// `host` is the name or IP that the certificate must be for; also sent as SNI when it is a name.
  TlsStream(std::unique_ptr<PlainStream> transport, const TlsContext& context, const std::string& host);
  ~TlsStream() override;

  /// Errors beside those of any stream: refused when the certificate isn't trusted or for another name, malformed when
  /// the peer doesn't speak TLS as we do.
  Waiting handshake(TimePoint deadline);
  /// Why the peer's certificate was not trusted; empty when it was. Static text.
  [[nodiscard]] std::string_view certificate_fault() const;

  /// TLS' own end, then the transport's.
  void shutdown_send() override;
  void close() override;
  [[nodiscard]] bool is_open() const override { return transport_->is_open(); }
  /// TLS' own messages (session tickets, key updates) that wait unread also count as news.
  bool is_quiet(bool ask_kernel) override;

 protected:
  bool start(Operation& operation) override;
  void cancel(Operation& operation) override;

 private:
  enum class Step : std::uint8_t { done, wants_input, wants_output };
  struct Freed {
    void operator()(ssl_st* ssl) const;
  };

  bool try_now(Operation& operation);
  Step attempt(Operation& operation);
  Step attempt_send(Operation& operation);
  Step outcome(Operation& operation, int returned);
  std::int64_t fault_now() const;

  bool pull();
  bool take_input();
  bool flush();
  void progress();
  void take_back(Operation& operation, bool& under_way);
  Operation*& slot_of(const Operation& operation);

  static constexpr std::size_t unsent_max = std::size_t{64} * 1024;  ///< ciphertext made ahead of the kernel
  static constexpr std::size_t record_max = std::size_t{16} * 1024;

  std::unique_ptr<PlainStream> transport_;
  std::unique_ptr<ssl_st, Freed> ssl_;
  bio_st* input_ = nullptr;   ///< ciphertext that came; owned by ssl_
  bio_st* output_ = nullptr;  ///< ciphertext to go; owned by ssl_
  Operation receive_;
  Operation send_;
  iovec piece_{};
  iovec send_piece_{};
  std::string sending_bytes_;
  bool receiving_ = false;
  bool sending_ = false;
  bool input_ended_ = false;
  bool end_follows_ = false;     ///< the transport's end, once everything is out
  std::int64_t fault_ = 0;       ///< -errno of the transport or of TLS; stays
  Operation* reader_ = nullptr;  ///< parked by our user
  Operation* writer_ = nullptr;
};

}  // namespace fairlead::io
